import { Icon, type IconName } from './Icon'

type Props = { icon: IconName; title: string; hint?: string; children?: React.ReactNode; tone?: 'plain' | 'bad'; level?: 1 | 2 }

/** A page, or a part of one, that has something to say instead of something to show. */
export function State({ icon, title, hint, children, tone = 'plain', level = 2 }: Props) {
  const Title = `h${level}` as const
  return (
    <div className="state">
      <div className={`state-mark state-mark--${tone}`}><Icon name={icon} /></div>
      <Title>{title}</Title>
      {hint && <p>{hint}</p>}
      {children && <div className="state-ways">{children}</div>}
    </div>
  )
}
