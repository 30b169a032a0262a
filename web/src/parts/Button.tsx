import { Button as Plain, type ButtonProps } from 'react-aria-components/Button'
import { Icon, type IconName } from './Icon'

type Props = Omit<ButtonProps, 'className' | 'children'> & {
  look?: 'plain' | 'line' | 'main' | 'danger'
  small?: boolean
  icon?: IconName
  /** With an icon and no words, the label is read and shown as a tip. */
  label?: string
  className?: string
  children?: React.ReactNode
  ref?: React.Ref<HTMLButtonElement>
}

export function Button({ look = 'plain', small, icon, label, className = '', children, ...rest }: Props) {
  const classes = ['button', `button--${look}`, small && 'button--small', !children && 'button--icon', className]
  return (
    <Plain {...rest} className={classes.filter(Boolean).join(' ')} aria-label={children ? rest['aria-label'] : label} {...(label ? tip(label) : {})}>
      {icon && <Icon name={icon} />}
      {children}
    </Plain>
  )
}

// The browser's own tip: it costs nothing, and assistive technology has the label already.
const tip = (label: string) => ({
  render: (props: React.ComponentProps<'button'>) => <button {...props} title={label} />,
})
