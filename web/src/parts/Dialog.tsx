import { Dialog as Plain } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'

type Props = {
  title: string
  close: () => void
  children: React.ReactNode
  wide?: boolean
  role?: 'dialog' | 'alertdialog'
}

/** A dialog over everything. Focus goes in, stays in, and comes back to where it was. */
export function Dialog({ title, close, children, wide, role = 'dialog' }: Props) {
  return (
    <ModalOverlay className="scrim" isOpen isDismissable onOpenChange={(open) => !open && close()}>
      <Modal className="modal">
        <Plain className={`dialog ${wide ? 'dialog--wide' : ''}`} role={role}>
          <Heading slot="title" level={2}>{title}</Heading>
          {children}
        </Plain>
      </Modal>
    </ModalOverlay>
  )
}

export const DialogFoot = ({ children }: { children: React.ReactNode }) => <div className="dialog-foot">{children}</div>
