// How a picture lies on its stage: the scale of its own pixels, and where its middle is from the middle of the stage.

export type Lie = { scale: number; x: number; y: number }
export type Size = { width: number; height: number }

export const MOST = 16

/** As large as fits, but not larger than it is. */
export const fitScale = (stage: Size, picture: Size): number =>
  Math.min(1, stage.width / Math.max(1, picture.width), stage.height / Math.max(1, picture.height))

export const fitted = (stage: Size, picture: Size): Lie => ({ scale: fitScale(stage, picture), x: 0, y: 0 })

/** A picture that is larger than the stage stays over all of it; one that is smaller stays in the middle. */
export function held(lie: Lie, stage: Size, picture: Size): Lie {
  const slack = (length: number, room: number) => Math.max(0, (length * lie.scale - room) / 2)
  const [right, down] = [slack(picture.width, stage.width), slack(picture.height, stage.height)]
  return { scale: lie.scale, x: Math.min(right, Math.max(-right, lie.x)), y: Math.min(down, Math.max(-down, lie.y)) }
}

/** Larger or smaller around a point, which stays under the pointer; the point is counted from the middle of the stage. */
export function zoomed(lie: Lie, to: number, point: { x: number; y: number }, stage: Size, picture: Size): Lie {
  const least = Math.min(fitScale(stage, picture), 1)
  const scale = Math.min(MOST, Math.max(least, to))
  const grown = scale / lie.scale
  return held({ scale, x: point.x - (point.x - lie.x) * grown, y: point.y - (point.y - lie.y) * grown }, stage, picture)
}
