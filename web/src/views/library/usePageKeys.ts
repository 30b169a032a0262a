import { useEffect } from 'react'
import { showKeysHelp } from '../Shell'
import { singleKeysOn } from '../singleKeys'
import { SEARCH_ID } from './Head'

const TYPING = 'input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"], [role="menu"]'

/** The keys that work wherever the focus is, unless somebody types or a dialog is open. */
export function usePageKeys({ close, all }: { close: () => void; all: () => void }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || (event.target as Element).closest(TYPING)) return
      if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey
      const single = plain && singleKeysOn()
      if (event.key === '/' && single) document.getElementById(SEARCH_ID)?.focus()
      else if (event.key === '?' && single) showKeysHelp()
      else if (event.key === 'Escape' && plain) return close()
      else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) all()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  })
}
