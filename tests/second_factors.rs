//! Second factors: setting them up, showing them, losing them.

mod devices;
mod passkey_sign_in;
mod passkeys;
mod reauthentication;
mod recovery_codes;
mod required;
mod reset;
mod totp;
mod totp_enrollment;
