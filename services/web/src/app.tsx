import { lazy, Suspense, useEffect, useMemo, useState, type MouseEvent } from 'react'
import type { SchemaShape } from '../../lib/page-api.ts'
import type { Held } from './connection.ts'
import { SchemaContext, useJson } from './requests.ts'
import { SpeechContext, speechOf, type Language, type Texts } from './texts.ts'
import { useLanguage, useTheme, type Theme } from './theme.ts'
import { StatusContext, StatusPill } from './widgets/status.tsx'
import { Overview } from './pages/overview.tsx'

const Live = lazy(() => import('./pages/live.tsx').then(({ LivePage }) => ({ default: LivePage })))
const Logs = lazy(() => import('./pages/logs.tsx').then(({ LogsPage }) => ({ default: LogsPage })))
const Duel = lazy(() => import('./pages/duel.tsx').then(({ DuelPage }) => ({ default: DuelPage })))
const LoadTest = lazy(() =>
  import('./pages/loadtest.tsx').then(({ LoadTestPage }) => ({ default: LoadTestPage })),
)

const pages = {
  '/': { name: 'overview', Page: Overview },
  '/live': { name: 'live', Page: Live },
  '/logs': { name: 'logs', Page: Logs },
  '/duel': { name: 'duel', Page: Duel },
  '/loadtest': { name: 'loadtest', Page: LoadTest },
} as const satisfies Record<string, { name: keyof Texts['pages']; Page: React.ComponentType }>

type Path = keyof typeof pages
const isPath = (path: string): path is Path => Object.hasOwn(pages, path)

export function App() {
  const [theme, setTheme] = useTheme()
  const [language, setLanguage] = useLanguage()
  const [path, setPath] = useState(location.pathname)
  const [status, setStatus] = useState<Omit<Held<unknown>, 'state'>>()
  const schema = useJson<SchemaShape>('/schema')
  const pipeline = schema.value?.pipeline
  const speech = useMemo(() => speechOf(language), [language])
  const { t } = speech
  useEffect(() => {
    const moved = () => setPath(location.pathname)
    addEventListener('popstate', moved)
    return () => removeEventListener('popstate', moved)
  }, [])
  const page = isPath(path) ? pages[path] : undefined
  useEffect(() => {
    const title = page ? t.pages[page.name] : t.notFound
    document.title = [title, pipeline, 'Freshet'].filter(Boolean).join(' · ')
  }, [page, pipeline, t])

  const go = (event: MouseEvent<HTMLAnchorElement>) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    const to = event.currentTarget.pathname
    if (to === location.pathname) return
    history.pushState(null, '', to)
    setPath(to)
    scrollTo(0, 0)
    document.getElementById('content')?.focus({ preventScroll: true })
  }
  const Page = page?.Page

  return (
    <SpeechContext value={speech}>
      <StatusContext value={setStatus}>
        <SchemaContext value={schema}>
          <a className="skip" href="#content">
            {t.skip}
          </a>
          <header className="top">
            <div className="wide">
              <a className="brand" href="/" onClick={go}>
                <svg viewBox="0 0 32 32" aria-hidden="true">
                  <rect width="32" height="32" rx="8" />
                  <path d="M5 12c4-4 7-4 11 0s7 4 11 0M5 20c4-4 7-4 11 0s7 4 11 0" />
                </svg>
                <span>{pipeline ?? 'Freshet'}</span>
              </a>
              <nav aria-label={t.mainMenu}>
                {Object.entries(pages).map(([to, { name }]) => (
                  <a key={to} href={to} onClick={go} aria-current={to === path ? 'page' : undefined}>
                    {t.pages[name]}
                  </a>
                ))}
              </nav>
              <div className="settings">
                <StatusPill status={status} />
                <ThemePicker theme={theme} setTheme={setTheme} texts={t} />
                <LanguagePicker language={language} setLanguage={setLanguage} texts={t} />
              </div>
            </div>
          </header>
          <main id="content" tabIndex={-1} className="wide" key={path}>
            <Suspense fallback={<p className="quiet tall">{t.loading}</p>}>
              {Page ? (
                <Page />
              ) : (
                <section className="card">
                  <h1>{t.notFound}</h1>
                  <a href="/" onClick={go}>
                    {t.home}
                  </a>
                </section>
              )}
            </Suspense>
          </main>
        </SchemaContext>
      </StatusContext>
    </SpeechContext>
  )
}

const themes: Theme[] = ['system', 'light', 'dark']
/** Paths, because not every system has such signs in a font. */
const marks: Record<Theme, string> = {
  system: 'M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14',
  light:
    'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 1v2m0 14v2M1 10h2m14 0h2M3.6 3.6 5 5m10 10 1.4 1.4m0-12.8L15 5M5 15l-1.4 1.4',
  dark: 'M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z',
}

function ThemePicker({
  theme,
  setTheme,
  texts,
}: {
  theme: Theme
  setTheme: (theme: Theme) => void
  texts: Texts
}) {
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!
  const label = `${texts.theme.name}: ${texts.theme[theme]}`
  return (
    <button type="button" className="icon" onClick={() => setTheme(next)} aria-label={label} title={label}>
      <svg viewBox="0 0 20 20" aria-hidden="true" data-mark={theme}>
        <path d={marks[theme]} />
      </svg>
    </button>
  )
}

function LanguagePicker({
  language,
  setLanguage,
  texts,
}: {
  language: Language
  setLanguage: (language: Language) => void
  texts: Texts
}) {
  const other = language === 'en' ? 'es' : 'en'
  const label = `${language.toUpperCase()} · ${texts.language}: ${language === 'en' ? 'English' : 'Español'}`
  return (
    <button
      type="button"
      className="icon"
      onClick={() => setLanguage(other)}
      aria-label={label}
      title={label}
    >
      <span aria-hidden="true">{language.toUpperCase()}</span>
    </button>
  )
}
