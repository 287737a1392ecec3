// A line over time, drawn by uPlot; what it shows is also said in words.
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export type PlotProps = {
  /** Seconds since 1970, and the values at them. */
  times: number[]
  values: (number | null)[]
  height: number
  label: string
  /** How a value is written at the axis. */
  format: (value: number) => string
}

/** What a variable of the style is, for a canvas, which knows no variables. */
function colour(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

export function Plot({ times, values, height, label, format }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const data = useRef<UPlot.AlignedData>([times, values])
  data.current = [times, values]
  const write = useRef(format)
  write.current = format

  useEffect(() => {
    const element = box.current!
    const draw = () => {
      plot.current?.destroy()
      plot.current = new UPlot(
        optionsOf(element.clientWidth, height, (value) => write.current(value)),
        data.current,
        element,
      )
    }
    draw()
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    sized.observe(element)
    const system = matchMedia('(prefers-color-scheme: dark)')
    system.addEventListener('change', draw)
    addEventListener('themechange', draw)
    return () => {
      sized.disconnect()
      system.removeEventListener('change', draw)
      removeEventListener('themechange', draw)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [height])
  useEffect(() => {
    plot.current?.setData([times, values])
  }, [times, values])
  return <div ref={box} className="plot" role="img" aria-label={label} style={{ height }} />
}

function optionsOf(width: number, height: number, format: (value: number) => string): UPlot.Options {
  const text = colour('--quiet')
  const line = colour('--accent')
  const axis = { stroke: text, font: '11px system-ui, sans-serif', ticks: { show: false } }
  return {
    width,
    height,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, (most ?? 0) * 1.15)] } },
    axes: [
      {
        ...axis,
        size: 22,
        grid: { show: false },
        space: 80,
        values: (_plot, times) =>
          times.map((time) => new Date(time * 1_000).toLocaleTimeString([], { timeStyle: 'medium' })),
      },
      {
        ...axis,
        size: 44,
        space: 32,
        grid: { stroke: colour('--line'), width: 1 },
        values: (_plot, values) => values.map(format),
      },
    ],
    series: [
      {},
      { stroke: line, width: 2, fill: colour('--accent-soft'), points: { show: false }, spanGaps: false },
    ],
  }
}
