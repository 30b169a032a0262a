// Words that are not needed before the first picture: they come with the pages that say them.
import { language } from './index'
import { upload } from './upload.en'

export let uploadText: typeof upload = upload

/** To be waited for before what says them is drawn. */
export async function chooseUploadText(): Promise<void> {
  if (language === 'de') uploadText = (await import('./upload.de')).upload
}
