// Light, dark, or as the system has it; kept by the browser.
import { useEffect, useState } from 'react'
import type { Language } from './texts.ts'

export type Theme = 'system' | 'light' | 'dark'

const stored = (name: string) => {
  try {
    return localStorage.getItem(name)
  } catch {
    // Where a browser forbids it, the choice lasts as long as the page.
    return null
  }
}
const store = (name: string, value: string) => {
  try {
    localStorage.setItem(name, value)
  } catch {
    // As above.
  }
}

const oneOf = <T extends string>(values: readonly T[], value: string | null): T | undefined =>
  values.find((known) => known === value)

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(
    () => oneOf(['system', 'light', 'dark'] as const, stored('theme')) ?? 'system',
  )
  useEffect(() => {
    const root = document.documentElement
    if (theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme
    dispatchEvent(new Event('themechange'))
    store('theme', theme)
  }, [theme])
  return [theme, setTheme]
}

export function useLanguage(): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(
    () =>
      oneOf(['en', 'es'] as const, stored('language')) ??
      (navigator.languages.find((tag) => /^(en|es)\b/.test(tag))?.startsWith('es') ? 'es' : 'en'),
  )
  useEffect(() => {
    document.documentElement.lang = language
    store('language', language)
  }, [language])
  return [language, setLanguage]
}
