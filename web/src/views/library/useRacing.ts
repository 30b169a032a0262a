import { useEffect, useRef, useState } from 'react'

// So many pixels from one event to the next are more than anybody reads.
const FAST = 160
const CALM_MS = 90

/** Whether the listing flies past: then it is enough to see that there is something, and nothing is asked for. */
export function useRacing(scroller: React.RefObject<HTMLElement | null>): boolean {
  const [racing, setRacing] = useState(false)
  const top = useRef(0)
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const scrolled = () => {
      const far = Math.abs(element.scrollTop - top.current)
      top.current = element.scrollTop
      if (far > FAST) setRacing(true)
      clearTimeout(timer)
      timer = setTimeout(() => setRacing(false), CALM_MS)
    }
    element.addEventListener('scroll', scrolled, { passive: true })
    return () => {
      clearTimeout(timer)
      element.removeEventListener('scroll', scrolled)
    }
  }, [scroller])
  return racing
}
