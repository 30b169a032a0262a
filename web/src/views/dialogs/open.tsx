// Opens the dialogs. Each is loaded when it is first needed.
import { lazy } from 'react'
import { queries, treeQuery } from '../../actions/queries'
import type { ApiCall } from '../../model/curl'
import type { Key } from '../../model/path'
import { openLayer } from '../layers'

const Rename = lazy(() => import('./Rename').then((module) => ({ default: module.Rename })))
const NewFolder = lazy(() => import('./NewFolder').then((module) => ({ default: module.NewFolder })))
const Move = lazy(() => import('./Move').then((module) => ({ default: module.Move })))
const Remove = lazy(() => import('./Remove').then((module) => ({ default: module.Remove })))
const Curl = lazy(() => import('./Curl').then((module) => ({ default: module.Curl })))
const ImportUrl = lazy(() => import('../../upload/ImportUrl').then((module) => ({ default: module.ImportUrl })))

export const askRename = (client: string, key: Key, done: (renamed: Key) => void) =>
  openLayer((close) => <Rename client={client} item={key} done={done} close={close} />)

export const askNewFolder = (client: string, inside: string, open: (path: string) => void) =>
  openLayer((close) => <NewFolder client={client} inside={inside} open={open} close={close} />)

export function askMove(client: string, keys: readonly Key[], done: () => void): void {
  void queries.prefetchQuery(treeQuery(client))
  openLayer((close) => <Move client={client} keys={keys} done={done} close={close} />)
}

export const askRemove = (client: string, keys: readonly Key[], done: () => void, changed = false) =>
  openLayer((close) => <Remove client={client} keys={keys} done={done} close={close} changed={changed} />)

export const askImport = (folder: string) => openLayer((close) => <ImportUrl folder={folder} close={close} />)

export const showCurl = (calls: readonly ApiCall[]) => openLayer((close) => <Curl calls={calls} close={close} />)
