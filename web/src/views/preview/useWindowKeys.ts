import { useEffect } from 'react'

/** Keys of the preview, wherever in it the focus is; not while somebody types, chooses from a menu, or answers a dialog above. */
export function useWindowKeys(pressed: (event: KeyboardEvent) => boolean): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      if ((event.target as Element).closest?.('input, textarea, [role="menu"]') || document.querySelector('.dialog, .popover')) return
      if (pressed(event)) event.preventDefault()
    }
    addEventListener('keydown', handle)
    return () => removeEventListener('keydown', handle)
  })
}
