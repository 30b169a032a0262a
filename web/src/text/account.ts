// Words that are not needed before the first picture: they come with the pages that say them.
import { language } from './index'
import { account } from './account.en'

export let accountText: typeof account = account

/** To be waited for before what says them is drawn. */
export async function chooseAccountText(): Promise<void> {
  if (language === 'de') accountText = (await import('./account.de')).account
}
