import { t } from '../text'
import { tell } from './toasts'

/** Copies, and says so. */
export async function copyText(text: string, told: string = t.told.textCopied): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    tell(told)
  } catch {
    // Without a secure origin there is no clipboard; the old way still works there.
    if (copyOldWay(text)) tell(told)
    else tell(t.errors.copy, { tone: 'bad' })
  }
}

function copyOldWay(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.setAttribute('readonly', '')
  area.style.position = 'fixed'
  area.style.opacity = '0'
  // Within an open dialog focus may not leave it.
  const place = document.querySelector('[role="dialog"]') ?? document.body
  place.append(area)
  area.select()
  const worked = document.execCommand('copy')
  area.remove()
  return worked
}
