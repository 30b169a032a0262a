import { useEffect, useRef, useState } from 'react'
import { type Box, type Layout, within } from '../../model/layout'
import type { Listing } from '../../model/listing'
import { band } from '../../model/selection'
import type { Choosing } from './useSelection'

const EDGE = 40
const SPEED = 14
// So far a press may tremble and still be a click.
const SLACK = 4

type Given = { scroller: React.RefObject<HTMLElement | null>; field: React.RefObject<HTMLElement | null>; layout: Layout; listing: Listing; choosing: Choosing }

/** Selecting by drawing a box over empty ground. Gives the box while there is one. */
export function useBand({ scroller, field, layout, listing, choosing }: Given): { box: Box | null; begin: (event: React.PointerEvent) => void } {
  const [box, setBox] = useState<Box | null>(null)
  const now = useRef({ layout, listing, choosing })
  useEffect(() => void (now.current = { layout, listing, choosing }))

  const begin = (event: React.PointerEvent) => {
    const [ground, view] = [field.current, scroller.current]
    if (event.button !== 0 || event.pointerType === 'touch' || !ground || !view) return
    const place = (x: number, y: number) => {
      const rect = ground.getBoundingClientRect()
      return { x: x - rect.left, y: y - rect.top }
    }
    const start = place(event.clientX, event.clientY)
    const adding = event.ctrlKey || event.metaKey || event.shiftKey
    const before = now.current.choosing.selection
    const kept = before.all ? new Set<string>() : before.keys
    let pointer = { x: event.clientX, y: event.clientY }
    let drawing = false
    let frame = 0

    const draw = () => {
      const here = place(pointer.x, pointer.y)
      const next: Box = { left: Math.min(start.x, here.x), top: Math.min(start.y, here.y), right: Math.max(start.x, here.x), bottom: Math.max(start.y, here.y) }
      setBox(next)
      const keys = within(now.current.layout, next).flatMap((index) => now.current.listing.at(index)?.key ?? [])
      now.current.choosing.set((old) => ({ ...old, all: false, keys: band(kept, keys, adding) }))
    }
    const scroll = () => {
      const rect = view.getBoundingClientRect()
      const by = pointer.y < rect.top + EDGE ? -SPEED : pointer.y > rect.bottom - EDGE ? SPEED : 0
      if (by) {
        view.scrollTop += by
        draw()
      }
      frame = requestAnimationFrame(scroll)
    }
    const move = (moved: PointerEvent) => {
      pointer = { x: moved.clientX, y: moved.clientY }
      if (!drawing && Math.hypot(pointer.x - event.clientX, pointer.y - event.clientY) < SLACK) return
      if (!drawing) {
        drawing = true
        frame = requestAnimationFrame(scroll)
      }
      draw()
    }
    const end = () => {
      removeEventListener('pointermove', move)
      removeEventListener('pointerup', end)
      removeEventListener('pointercancel', end)
      cancelAnimationFrame(frame)
      setBox(null)
      if (!drawing && !adding) now.current.choosing.clear()
    }
    addEventListener('pointermove', move)
    addEventListener('pointerup', end)
    addEventListener('pointercancel', end)
  }
  return { box, begin }
}
