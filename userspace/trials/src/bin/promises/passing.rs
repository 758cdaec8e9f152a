//! Sending and receiving a capability.

/// A message of one byte and room for one slot's number, which must stay where it is while it is used.
struct Message {
    byte: u8,
    piece: libc::iovec,
    control: [u64; 4],
    header: libc::msghdr,
}

impl Message {
    fn new() -> Box<Self> {
        // SAFETY: all zeros is a valid value.
        let mut message: Box<Self> = Box::new(unsafe { std::mem::zeroed() });
        message.piece = libc::iovec { iov_base: (&raw mut message.byte).cast(), iov_len: 1 };
        message.header.msg_iov = &raw mut message.piece;
        message.header.msg_iovlen = 1;
        message.header.msg_control = message.control.as_mut_ptr().cast();
        // SAFETY: computes a size.
        message.header.msg_controllen = unsafe { libc::CMSG_SPACE(4) } as _;
        message
    }
}

/// Sends what is in a slot.
pub fn send(socket: i32, slot: i32) -> i64 {
    let message = Message::new();
    // SAFETY: the header describes the message's own fields, which have room for one number.
    unsafe {
        let control = libc::CMSG_FIRSTHDR(&message.header);
        (*control).cmsg_level = libc::SOL_SOCKET;
        (*control).cmsg_type = libc::SCM_RIGHTS;
        (*control).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(control).cast::<i32>().write_unaligned(slot);
        libc::sendmsg(socket, &message.header, 0) as i64
    }
}

/// Receives a capability; -1 if none came.
pub fn receive(socket: i32) -> i64 {
    let mut message = Message::new();
    // SAFETY: the header describes the message's own fields.
    let result = unsafe { libc::recvmsg(socket, &mut message.header, libc::MSG_DONTWAIT) as i64 };
    if result >= 0 && message.header.msg_controllen == 0 { -1 } else { result }
}
