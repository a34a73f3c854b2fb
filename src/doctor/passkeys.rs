//! Whether browsers keep passkeys for this installation.

use super::{Check, Group, Installation, check::Subject};
use crate::auth::{NoPasskeys, RelyingParty};

static PASSKEYS: Subject = Subject::new("passkeys", Group::PublicAddress, "Passkeys");

pub(super) fn examine(installation: &Installation) -> Check {
    if let Some(reason) = installation.unusable(&["SITE_URL", "FRONTEND_URL"]) {
        return PASSKEYS.skipped(reason);
    }
    let console = &installation.config.frontend_url;
    let (evidence, fix) = match RelyingParty::of(&installation.config) {
        Ok(party) => return PASSKEYS.ok(format!("bound to {}", party.id())),
        Err(NoPasskeys::NoDomain) => (
            format!("none: {console} is an address, and passkeys are bound to names"),
            "Give this machine a name, then SITE_URL=https://<name>",
        ),
        Err(NoPasskeys::NotSecure) => {
            (format!("none: {console} is http, where browsers show none"), "Serve the console over https")
        }
    };
    if installation.production { PASSKEYS.warning(evidence, fix) } else { PASSKEYS.skipped(evidence) }
}
