// SHA-256 of a file, beside the page, so that nothing waits for it.

addEventListener('message', (event: MessageEvent<{ id: number; file: File }>) => {
  const { id, file } = event.data
  file
    .arrayBuffer()
    .then((bytes) => crypto.subtle.digest('SHA-256', bytes))
    .then((sum) => postMessage({ id, hash: [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, '0')).join('') }))
    .catch(() => postMessage({ id, hash: null }))
})
