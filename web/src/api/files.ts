// What was made of files, read from the delivery URL.
import { callForBlob, readPublic } from './http'
import { zipUrl } from './library'

export const readText = async (url: string, signal?: AbortSignal): Promise<string> => (await readPublic(url, signal)).text()

/** A waveform as audiowaveform writes it: pairs of the least and the greatest sample. */
export type Peaks = { channels: number; bits: number; length: number; data: number[]; samples_per_pixel: number; sample_rate: number }

export const readPeaks = async (url: string, signal?: AbortSignal): Promise<Peaks> =>
  (await readPublic(url, signal)).json() as Promise<Peaks>

export const zipOf = (client: string, paths: string[], name?: string): Promise<Blob> =>
  callForBlob('POST', zipUrl(client), { body: { paths, name } })
