//! The name that `Content-Disposition` gives a file (RFC 6266, RFC 8187), as servers write it, which is not always as
//! they should.

use percent_encoding::percent_decode;

/// The file name of a header's value, without any folders before it.
pub(super) fn file_name(value: &[u8]) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for (name, text) in parameters(value) {
        if name.eq_ignore_ascii_case(b"filename*") {
            extended = extended.or_else(|| decode_extended(&text));
        } else if name.eq_ignore_ascii_case(b"filename") {
            plain = plain.or_else(|| Some(decode(&text)));
        }
    }
    let name = extended.or(plain)?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!last.is_empty() && !matches!(last, "." | "..")).then(|| last.to_owned())
}

/// The parameters behind the type: separated by semicolons, except inside of quotes.
fn parameters(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let (mut current, mut quoted, mut escaped) = (Vec::new(), false, false);
    for &byte in value {
        match byte {
            _ if escaped => {
                current.push(byte);
                escaped = false;
            }
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => found.push(std::mem::take(&mut current)),
            _ => current.push(byte),
        }
    }
    found.push(current);
    let pair = |text: Vec<u8>| {
        let at = text.iter().position(|byte| *byte == b'=')?;
        Some((text[..at].trim_ascii().to_vec(), text[at + 1..].trim_ascii().to_vec()))
    };
    found.into_iter().filter_map(pair).collect()
}

/// UTF-8, which many send as it is, or Latin-1, as the old standard says.
fn decode(text: &[u8]) -> String {
    String::from_utf8(text.to_vec()).unwrap_or_else(|_| text.iter().map(|byte| char::from(*byte)).collect())
}

/// `charset'language'percent-encoded`.
fn decode_extended(text: &[u8]) -> Option<String> {
    let mut parts = text.splitn(3, |byte| *byte == b'\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    if charset.eq_ignore_ascii_case(b"utf-8") {
        String::from_utf8(bytes).ok()
    } else {
        charset.eq_ignore_ascii_case(b"iso-8859-1").then(|| bytes.into_iter().map(char::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_servers_write_them() {
        let table: [(&[u8], Option<&str>); 22] = [
            (b"attachment; filename=clip.mp4", Some("clip.mp4")),
            (b"attachment; filename=\"my clip.mp4\"", Some("my clip.mp4")),
            (b"attachment;FileName=\"a;b.mp4\"", Some("a;b.mp4")),
            (b"attachment; filename=\"say \\\"hi\\\".mp4\"", Some("say \"hi\".mp4")),
            (b"attachment; filename=\"a.mp4\"; filename*=UTF-8''v%C3%ADdeo.mp4", Some("vídeo.mp4")),
            (b"attachment; filename*=utf-8'en'%E2%82%AC.mp4; filename=\"x.mp4\"", Some("€.mp4")),
            (b"attachment; filename*=iso-8859-1''%A3.mp4", Some("£.mp4")),
            (b"attachment; filename*=UTF-8''%FF.mp4; filename=good.mp4", Some("good.mp4")),
            (b"attachment; filename*=klingon''a.mp4", None),
            (b"attachment; filename*=broken; filename=b.mp4", Some("b.mp4")),
            ("attachment; filename=\"vídeo.mp4\"".as_bytes(), Some("vídeo.mp4")),
            (b"attachment; filename=\"v\xeddeo.mp4\"", Some("vídeo.mp4")),
            (b"attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            (b"attachment; filename=\"C:\\\\fakepath\\\\a.mp4\"", Some("a.mp4")),
            (b"attachment; filename=\"..\"", None),
            (b"attachment; filename=\"\"", None),
            (b"attachment; filename=\"a/\"", None),
            (b"attachment; filename=\"unclosed.mp4", Some("unclosed.mp4")),
            (b"inline", None),
            (b"", None),
            (b";;;=;filename", None),
            (b"attachment; filename=a=b.mp4", Some("a=b.mp4")),
        ];
        for (value, expected) in table {
            assert_eq!(file_name(value).as_deref(), expected, "{}", String::from_utf8_lossy(value));
        }
    }
}
