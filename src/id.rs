//! Typed identifiers: UUIDv7 inside, `Type:uuid` on the wire.

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identifier of one type of object.
pub trait TypedId: Copy + From<Uuid> + Into<Uuid> {
    /// The object's GraphQL type, the prefix on the wire.
    const TYPE: &'static str;

    /// A new identifier, later than every earlier one of this process (RFC 9562, section 5.7).
    #[must_use]
    fn generate() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where identifiers are made")]
        Self::from(Uuid::now_v7())
    }

    /// Reads the wire form; `None` for another type's identifier and for anything malformed.
    #[must_use]
    fn parse(wire: &str) -> Option<Self> {
        let uuid = wire.strip_prefix(Self::TYPE)?.strip_prefix(':')?;
        // The hyphenated lower-case form alone, so that an object has one address.
        let parsed = Uuid::try_parse(uuid).ok()?;
        (parsed.hyphenated().to_string() == uuid).then(|| Self::from(parsed))
    }

    /// The form that clients see.
    #[must_use]
    fn to_wire(self) -> String {
        format!("{}:{}", Self::TYPE, self.into())
    }
}

macro_rules! typed_id {
    ($name:ident, $graphql_type:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType,
        )]
        pub struct $name(Uuid);

        impl TypedId for $name {
            const TYPE: &'static str = $graphql_type;
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.to_wire())
            }
        }

        // SeaORM asks this of every primary key; ours are never numbers.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

typed_id!(UserId, "User", "Identifies a user.");
typed_id!(SessionId, "Session", "Identifies a session.");
typed_id!(AuditEventId, "AuditEvent", "Identifies something that happened.");
typed_id!(JobId, "Job", "Identifies a piece of work to be done.");
typed_id!(MailId, "Mail", "Identifies a mail.");
typed_id!(InvitationId, "Invitation", "Identifies an invitation.");
typed_id!(OneTimeTokenId, "OneTimeToken", "Identifies a link, code or challenge.");
typed_id!(KnownDeviceId, "KnownDevice", "Identifies a browser that somebody signed in with.");
typed_id!(DataExportId, "DataExport", "Identifies a copy of a person's data.");
typed_id!(ApiKeyId, "ApiKey", "Identifies an API key.");
typed_id!(BlockId, "Block", "Identifies a wait after too many attempts.");
typed_id!(PasskeyId, "Passkey", "Identifies a passkey.");
typed_id!(RecoveryCodeId, "RecoveryCode", "Identifies a code for those who have lost their second factor.");
typed_id!(LinkedAccountId, "LinkedAccount", "Identifies an account at an identity provider.");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn wire_form_round_trips_and_no_other_text_parses(bits: u128, junk in ".{0,60}") {
            let id = UserId::from(Uuid::from_u128(bits));
            prop_assert_eq!(UserId::parse(&id.to_wire()), Some(id));
            prop_assert_eq!(SessionId::parse(&id.to_wire()), None);
            if let Some(parsed) = UserId::parse(&junk) {
                prop_assert_eq!(parsed.to_wire(), junk);
            }
        }
    }

    #[test]
    fn generated_identifiers_rise() {
        let ids: Vec<UserId> = (0..1000).map(|_| UserId::generate()).collect();
        assert!(ids.is_sorted());
    }
}
