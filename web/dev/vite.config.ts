// For developing the panel beside a server that runs already: `npm run dev`; `npx vite preview --config dev/vite.config.ts` shows what is built.
// With REELSHELF_KEY the panel is signed in by that key, and needs no person and no session of the server.
// Nothing of this folder is bundled.
import react from '@vitejs/plugin-react'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { defineConfig, type Plugin } from 'vite'

const server = process.env.REELSHELF_URL ?? 'http://127.0.0.1:8080'
const key = process.env.REELSHELF_KEY
const client = process.env.REELSHELF_CLIENT ?? ''
const role = process.env.REELSHELF_ROLE ?? 'admin'

const session = {
  person: { id: 'p1', email: 'ada@example.com', name: 'Ada Lovelace' },
  csrf: 'dev',
  clients: [{ id: client, name: 'Acme Studio', role }, { id: 'other00000', name: 'Northwind', role: 'viewer' }],
  delivery_url: server,
  limits: { paths: 1000, page_size: 1000 },
}

const listeners = new Set<ServerResponse>()
let changes = 0

function changed(): void {
  changes += 1
  for (const listener of listeners) listener.write(`event: change\ndata: {"change": ${changes}}\n\n`)
}

function answer(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const path = (request.url ?? '').split('?')[0]
  if (path === '/dashboard/api/session') {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(session))
  } else if (path?.endsWith('/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(':\n\n')
    listeners.add(response)
    request.on('close', () => listeners.delete(response))
  } else {
    if (request.method !== 'GET') response.on('finish', () => setTimeout(changed, 50))
    next()
  }
}

const standIn: Plugin = {
  name: 'session-of-a-key',
  configureServer: (dev) => void dev.middlewares.use(answer),
  configurePreviewServer: (preview) => void preview.middlewares.use(answer),
}

const proxy = {
  '/dashboard/api': {
    target: server,
    changeOrigin: true,
    // The server takes writes from its own pages alone.
    headers: { origin: new URL(server).origin },
    ...(key && {
      headers: { 'x-api-key': key },
      rewrite: (path: string) => path.replace(/^\/dashboard\/api\/clients\/[^/]+/, ''),
    }),
  },
}

export default defineConfig({
  base: '/dashboard/',
  plugins: [react(), ...(key ? [standIn] : [])],
  server: { port: 5199, strictPort: true, proxy },
  preview: { port: 5198, strictPort: true, proxy },
})
