use reelshelf_domain::{BlobId, ClientId, UnixMillis};

/// How many folders the objects of a kind are spread over.
pub const SHARDS: u16 = 256;

/// The address of an object, one variant for each kind. A new kind does not compile until it has a name, and can be
/// told from every other by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobKey {
    /// The bytes of a file as they were uploaded.
    Original(ClientId, BlobId),
    /// Some bytes of an upload under way that may be resumed.
    Part(ClientId, BlobId),
    /// What was made of the bytes of a file.
    Derived(ClientId, BlobId),
}

impl BlobKey {
    /// The folders of a shard, one for each kind.
    pub fn folders(shard: u8) -> [String; 3] {
        ["originals", "parts", "derived"].map(|kind| format!("{kind}/{shard:02x}"))
    }

    /// The name of the object: its kind, its shard, its client and its copy.
    pub fn name(&self) -> String {
        let (kind, client, blob) = match self {
            Self::Original(client, blob) => ("originals", client, blob),
            Self::Part(client, blob) => ("parts", client, blob),
            Self::Derived(client, blob) => ("derived", client, blob),
        };
        format!("{kind}/{:02x}/{client}-{blob}", Self::shard(*blob))
    }

    /// The key of a name; `None` for a name that no key has.
    pub fn parse(name: &str) -> Option<Self> {
        let (folder, file) = name.rsplit_once('/')?;
        let (kind, _) = folder.split_once('/')?;
        let (client, blob) = file.split_once('-')?;
        let key = match kind {
            "originals" => Self::Original(client.parse().ok()?, blob.parse().ok()?),
            "parts" => Self::Part(client.parse().ok()?, blob.parse().ok()?),
            "derived" => Self::Derived(client.parse().ok()?, blob.parse().ok()?),
            _ => return None,
        };
        (key.name() == name).then_some(key)
    }

    /// Which copy.
    pub const fn blob(&self) -> BlobId {
        match self {
            Self::Original(_, blob) | Self::Part(_, blob) | Self::Derived(_, blob) => *blob,
        }
    }

    /// When the copy was named: just before it was made durable.
    pub fn made_at(&self) -> UnixMillis {
        self.blob().made_at()
    }

    /// The last byte of an identifier is random, and so spreads evenly.
    fn shard(blob: BlobId) -> u8 {
        let text = blob.to_string();
        u8::from_str_radix(&text[text.len() - 2..], 16).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use reelshelf_domain::{SeededChance, UnixMillis};

    use super::*;

    #[test]
    fn a_name_leads_back_to_its_key() {
        let chance = SeededChance::new(7);
        let client = ClientId::generate(&chance).unwrap();
        let blob = BlobId::generate(UnixMillis::new(1_000), &chance).unwrap();
        for key in [BlobKey::Original(client, blob), BlobKey::Part(client, blob), BlobKey::Derived(client, blob)] {
            assert_eq!(BlobKey::parse(&key.name()), Some(key));
        }
        let key = BlobKey::Original(client, blob);
        assert_eq!(BlobKey::parse(&key.name().replace("originals", "others")), None);
        assert_eq!(BlobKey::parse("originals/zz/x"), None);
    }
}
