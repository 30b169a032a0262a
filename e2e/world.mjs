// A world for one journey: the real binary on a folder of its own, a way to it that can be cut, and a browser that is
// listened to.
import AxeBuilder from '@axe-core/playwright'
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const BINARY = process.env.BINARY ?? 'reelshelf'
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

const freePort = () => new Promise((resolve, reject) => {
  const server = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

/** The way between browser and server. It counts, can be cut, and can stop after so many bytes. */
class Way {
  up = 0
  open = true
  budget = Infinity
  sockets = new Set()
  reached = null

  constructor(target) {
    this.server = net.createServer((near) => {
      if (!this.open) return near.destroy()
      const far = net.connect(target, '127.0.0.1')
      for (const socket of [near, far]) {
        this.sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => { this.sockets.delete(socket); near.destroy(); far.destroy() })
      }
      near.on('data', (data) => {
        this.up += data.length
        if (this.up > this.budget) {
          this.reached?.()
          return near.pause()
        }
        if (!far.write(data)) near.pause()
      })
      far.on('drain', () => near.resume())
      far.pipe(near)
    })
  }

  cut() {
    this.open = false
    for (const socket of this.sockets) socket.destroy()
  }

  mend() {
    this.open = true
    this.budget = Infinity
  }

  /** Nothing passes any more after so many bytes; the promise is kept when that is so. */
  stopAfter(bytes) {
    this.budget = this.up + bytes
    return new Promise((resolve) => (this.reached = resolve))
  }
}

export class World {
  /** What must not be: errors and warnings of the console, and what the policy of the page refused. */
  complaints = []
  expected = []

  static async make(settings = '') {
    const world = new World()
    world.folder = mkdtempSync(join(tmpdir(), 'reelshelf-e2e-'))
    const [port, way] = [await freePort(), await freePort()]
    world.port = port
    world.url = `http://127.0.0.1:${way}`
    world.way = new Way(port)
    await new Promise((resolve) => world.way.server.listen(way, '127.0.0.1', resolve))
    writeFileSync(join(world.folder, 'config.toml'), settings)
    world.environment = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REELSHELF_'))), REELSHELF_CONFIG: join(world.folder, 'config.toml'), REELSHELF_LISTEN: `127.0.0.1:${port}`,
      REELSHELF_DATA_DIR: join(world.folder, 'data'), REELSHELF_PUBLIC_URL: world.url, REELSHELF_DELIVERY_URL: world.url,
    }
    try {
      await world.serve()
    } catch (failure) {
      await world.close()
      throw failure
    }
    return world
  }

  /** Runs until the server says that it is ready, and keeps what it said at its first start. */
  serve() {
    this.server = spawn(BINARY, ['serve'], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.said = ''
    return new Promise((resolve, reject) => {
      const heard = (data) => {
        this.said += data
        if (this.said.includes('"message":"ready"')) resolve()
      }
      this.server.stdout.on('data', heard)
      this.server.stderr.on('data', heard)
      this.server.on('exit', (code) => reject(new Error(`the server ended (${code}):\n${this.said}`)))
    })
  }

  run(...words) {
    return execFileSync(BINARY, words, { env: this.environment, encoding: 'utf8' }).trim()
  }

  get link() {
    return this.said.match(/http\S+\/dashboard\/setup#\S+/)[0]
  }

  get client() {
    return this.said.match(/client\s+([a-zA-Z0-9]{10})/)[1]
  }

  async browse(options = {}) {
    this.browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--force-prefers-reduced-motion'] })
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options })
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))
    })
    context.on('page', (page) => {
      page.setDefaultTimeout(60_000)
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && this.complain(message.text()))
      page.on('pageerror', (error) => this.complain(String(error)))
    })
    return context
  }

  complain(text) {
    if (!this.expected.some((pattern) => pattern.test(text))) this.complaints.push(text)
  }

  /** A page on which the first person has signed in, through the link of the first start. */
  async signedIn(options) {
    const context = await this.browse(options)
    const page = await context.newPage()
    await page.goto(this.link)
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Name').fill('Ada Lovelace')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByRole('heading', { name: 'Your library is empty' }).waitFor()
    return page
  }

  async close() {
    await this.browser?.close()
    this.way.cut()
    this.way.server.close()
    this.server.removeAllListeners('exit')
    if (this.server.exitCode === null) await new Promise((resolve) => { this.server.once('exit', resolve); this.server.kill('SIGTERM') })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const PASSWORD = 'correct horse battery'

/** What axe finds, in both themes. */
export async function audit(page, what) {
  const found = []
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    // Colours that are still on their way from the other theme are nobody's choice.
    await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => undefined))))
    const { violations } = await new AxeBuilder({ page }).analyze()
    found.push(...violations.map(({ id, nodes }) => `${what}, ${colorScheme}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`))
  }
  return found
}

/** Drops files or folders of this machine on a place of the page, as a person does. */
export async function drop(page, locator, paths) {
  const box = await locator.boundingBox()
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: paths, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...at, data })
  await session.detach()
}
