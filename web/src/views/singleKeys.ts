// Keys without Ctrl can be turned off: who speaks to the computer, or has a restless hand, presses them without wanting to.

export const SINGLE_KEYS = 'single-keys'

export const singleKeysOn = (): boolean => localStorage.getItem(`reelshelf.${SINGLE_KEYS}`) !== 'false'
