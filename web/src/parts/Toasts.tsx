import { useEffect, useState } from 'react'
import { Button } from './Button'

type Toast = { id: number; text: string; tone: 'plain' | 'bad'; action?: { label: string; run: () => void }; milliseconds: number }
type Props = { toasts: readonly Toast[]; dismiss: (id: number) => void; label: string; dismissLabel: string }

/** The corner where messages come up. It is always there, so that what comes is read out. */
export function Toasts({ toasts, dismiss, label, dismissLabel }: Props) {
  return (
    <section className="toasts" aria-label={label}>
      <div role="status" aria-live="polite" aria-relevant="additions" className="toasts" style={{ position: 'static' }}>
        {toasts.map((toast) => (
          <One key={toast.id} toast={toast} dismiss={() => dismiss(toast.id)} dismissLabel={dismissLabel} />
        ))}
      </div>
    </section>
  )
}

function One({ toast, dismiss, dismissLabel }: { toast: Toast; dismiss: () => void; dismissLabel: string }) {
  const [held, hold] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(dismiss, toast.milliseconds)
    return () => clearTimeout(timer)
    // Only holding starts the clock anew; `dismiss` is another function each time and the same thing.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [held, toast.id])
  return (
    <div
      className={`toast toast--${toast.tone}`}
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <p>{toast.text}</p>
      {toast.action && (
        <Button small className="toast-do" onPress={() => { toast.action?.run(); dismiss() }}>
          {toast.action.label}
        </Button>
      )}
      <Button small icon="close" label={dismissLabel} onPress={dismiss} />
    </div>
  )
}
