// The look of the report's page, in light and dark.
export const style = `
:root { color-scheme: light dark; --ground: #fcfcfb; --text: #1c1e21; --faint: #5b6068; --line: #d9dbde;
  --c0: #1f5fbf; --c1: #b3541e; --c2: #1c7c54; --c3: #8a3fa0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --text: #e8e9eb; --faint: #a3a8b0; --line: #3a3e44;
    --c0: #7db1ff; --c1: #ffa36b; --c2: #6fd3a3; --c3: #d79bec; }
}
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto }
h1 { font-size: 1.5rem; margin: 0 0 .3rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem }
h3 { font-size: .95rem; margin: 0 0 .2rem; font-weight: 600 }
p { margin: .2rem 0; color: var(--faint) } .failed { color: var(--c1); font-weight: 600 }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1.2rem; margin: .8rem 0 }
figure { margin: 0; min-width: 0 }
svg { display: block; width: 100%; max-width: 30rem; height: auto; font: 11px system-ui, sans-serif }
svg text { fill: var(--text) } svg .tick, svg .unit { fill: var(--faint) }
svg .number { text-anchor: end; font-variant-numeric: tabular-nums } svg .unit { text-anchor: middle }
svg path { fill: none } .grid { stroke: var(--line); stroke-width: 1 }
.whisker { stroke: var(--c); stroke-width: 1.6 } .mark { fill: var(--c); stroke: var(--ground); stroke-width: 1 }
.s0 { --c: var(--c0) } .s1 { --c: var(--c1) } .s2 { --c: var(--c2) } .s3 { --c: var(--c3) }
details { margin: .3rem 0 } summary { cursor: pointer; color: var(--faint) }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-variant-numeric: tabular-nums }
th:first-child { text-align: left } thead th { font-weight: 400; color: var(--faint) }
td small { color: var(--faint) }
`
