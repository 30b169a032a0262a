import { type Layout, isWay, step } from '../../model/layout'
import type { Item, Listing } from '../../model/listing'
import { askRemove } from '../dialogs/open'
import { type Doing, canDelete, canRename, copyUrls, startRename } from './itemMenu'
import { singleKeysOn } from '../singleKeys'
import { targetsOf } from './useSelection'

type Given = {
  layout: Layout
  listing: Listing
  doing: Doing
  /** Rows that are seen at once. */
  page: () => number
  focusOn: (index: number) => void
  menu: (item: Item, index: number) => void
  up: () => void
  newFolder: () => void
  toggleView: () => void
}

/** What the keys do while the listing has the focus. */
export function useKeys(given: Given): (event: React.KeyboardEvent) => void {
  const { layout, listing, doing, focusOn } = given
  const { choosing, mayWrite, client } = doing
  const at = choosing.selection.focus
  const item = listing.at(at)

  const move = (event: React.KeyboardEvent): boolean => {
    if (!isWay(event.key) || event.altKey) return false
    const to = step(layout, at, event.key, given.page())
    if (to < 0) return true
    if (event.shiftKey) void choosing.extend(to, event.ctrlKey || event.metaKey)
    else choosing.set((now) => ({ ...now, focus: to, anchor: to }))
    focusOn(to)
    return true
  }

  const withCtrl = (event: React.KeyboardEvent): boolean => {
    if (!(event.ctrlKey || event.metaKey)) return false
    if (event.key === 'a') choosing.all()
    else if (event.key === 'c' && (choosing.count || item) && getSelection()?.isCollapsed !== false) {
      void (choosing.count ? choosing.keys() : Promise.resolve([item?.key ?? ''])).then((keys) => copyUrls(client, keys, 'lines'))
    } else return false
    return true
  }

  const onItem = (event: React.KeyboardEvent): boolean => {
    if (event.key === 'Backspace') return given.up(), true
    if (!item) return false
    if (event.key === 'Enter') doing.open(item)
    else if (event.key === ' ') event.shiftKey ? void choosing.extend(at, true) : choosing.toggle(item.key, at)
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) given.menu(item, at)
    else if (event.key === 'F2' && mayWrite && canRename(item.key)) startRename(doing, item.key)
    else if (event.key === 'Delete' && mayWrite) {
      void targetsOf(choosing, item).then((keys) => keys.every(canDelete) && askRemove(client, keys, choosing.clear))
    } else return false
    return true
  }

  const alone = (event: React.KeyboardEvent): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === 'Escape' && choosing.count) choosing.clear()
    else if (!singleKeysOn()) return false
    else if (event.key === 'v') given.toggleView()
    else if (event.key === 'n' && mayWrite) given.newFolder()
    else return false
    return true
  }

  return (event) => {
    // Within a row a button has the focus of its own; Enter and Space are its.
    const own = (event.target as Element).closest('button, input, [role="checkbox"]')
    if (own && (event.key === 'Enter' || event.key === ' ')) return
    if (withCtrl(event) || move(event) || onItem(event) || alone(event)) {
      event.preventDefault()
      event.stopPropagation()
    }
  }
}
