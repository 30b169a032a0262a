import { useState } from 'react'

/** A choice that this browser remembers. */
export function useRemembered<T>(name: string, otherwise: T): [T, (next: T) => void] {
  const key = `reelshelf.${name}`
  const [value, set] = useState<T>(() => {
    try {
      const text = localStorage.getItem(key)
      return text === null ? otherwise : (JSON.parse(text) as T)
    } catch {
      return otherwise
    }
  })
  const remember = (next: T) => {
    set(next)
    try {
      localStorage.setItem(key, JSON.stringify(next))
    } catch {
      // Without storage it is remembered until the page is closed.
    }
  }
  return [value, remember]
}
