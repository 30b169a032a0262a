// What the panel knows of the server, by name. Whoever changes something says here what is stale.
import { QueryClient, queryOptions } from '@tanstack/react-query'
import { readSession } from '../api/account'
import { readFile, readStorage, listFolders, listPage, type ListingQuery } from '../api/library'
import { ApiError } from '../api/http'
import { PAGE } from '../model/listing'

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 10 * 60_000,
      networkMode: 'always',
      refetchOnWindowFocus: true,
      // What the server refused it refuses again; a broken connection may be whole in a moment.
      retry: (count, failure) => failure instanceof ApiError && (failure.status >= 500 || failure.offline) && count < 2,
      retryDelay: (count) => 400 * 2 ** count,
    },
    mutations: { networkMode: 'always' },
  },
})

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => readSession(signal),
  staleTime: 5 * 60_000,
})

export const treeQuery = (client: string) =>
  queryOptions({ queryKey: ['client', client, 'tree'], queryFn: ({ signal }) => listFolders(client, signal) })

export const storageQuery = (client: string) =>
  queryOptions({ queryKey: ['client', client, 'storage'], queryFn: ({ signal }) => readStorage(client, signal) })

export const pageQuery = (client: string, asked: ListingQuery, page: number) =>
  queryOptions({
    queryKey: ['client', client, 'listing', asked, page],
    queryFn: ({ signal }) => listPage(client, asked, page, PAGE, signal),
  })

export const fileQuery = (client: string, path: string) =>
  queryOptions({ queryKey: ['client', client, 'file', path], queryFn: ({ signal }) => readFile(client, path, signal) })

/** Everything of the client's library is read anew where it is seen, and otherwise when it is seen again. */
export const libraryChanged = (client: string): Promise<void> => queries.invalidateQueries({ queryKey: ['client', client] })
