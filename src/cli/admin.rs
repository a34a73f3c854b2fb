//! `admin`: accounts, from the machine the server runs on.

use std::io::{IsTerminal, Read};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::{Operator, secrets::random_bytes, viewer::Role},
    config::Config,
    second_factor, session,
    user::{self, service::NewUser},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create an account, an administrator unless --role says otherwise
    Create {
        /// Address to sign in with
        #[arg(long)]
        email: String,
        /// Name shown to others
        #[arg(long, default_value = "Administrator")]
        name: String,
        /// What the account may do
        #[arg(long, default_value = "admin")]
        role: RoleArg,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set a new password and end all of the account's sessions
    ResetPassword {
        /// Address of the account
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Change what an account may do; it holds from its next request on
    SetRole {
        /// Address of the account
        #[arg(long)]
        email: String,
        /// The new role
        #[arg(long)]
        role: RoleArg,
    },
    /// Remove all second factors of an account whose owner has lost them, and end its sessions
    ResetSecondFactors {
        /// Address of the account
        #[arg(long)]
        email: String,
    },
    /// End all sessions of an account
    EndSessions {
        /// Address of the account
        #[arg(long)]
        email: String,
    },
}

#[derive(Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input; without it a password is made up and printed
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RoleArg {
    /// Uses the platform
    User,
    /// Also administers it
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::User => Self::User,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    let operator = Operator::at_the_command_line();
    let gateway = super::connect(config).await?;
    match command {
        Command::Create { email, name, role, password } => {
            let password = password.read()?;
            let new = NewUser { email, password: password.secret.clone(), name };
            let user = user::service::create(&gateway, &operator, new, role.into()).await?;
            println!("{} created as {}", user.email, user.id);
            password.show();
        }
        Command::ResetPassword { email, password } => {
            let password = password.read()?;
            let ended =
                session::service::reset_password(&gateway, &operator, &email, &password.secret).await?;
            println!("password of {email} set, {ended} session(s) ended");
            password.show();
        }
        Command::SetRole { email, role } => {
            let user = user::service::set_role(&gateway, &operator, &email, role.into()).await?;
            println!("{} is now {:?}", user.email, user.role);
        }
        Command::ResetSecondFactors { email } => {
            match second_factor::service::reset_by_operator(&gateway, &operator, &email).await? {
                Some(ended) => println!("second factors of {email} removed, {ended} session(s) ended"),
                None => println!("{email} has no second factor"),
            }
        }
        Command::EndSessions { email } => {
            let ended = session::service::end_all(&gateway, &operator, &email).await?;
            println!("{ended} session(s) of {email} ended");
        }
    }
    gateway.bus.flush().await;
    Ok(())
}

/// A new password, and whether its owner has yet to learn it.
struct NewPassword {
    secret: SecretString,
    made_up: bool,
}

impl PasswordArgs {
    fn read(&self) -> anyhow::Result<NewPassword> {
        if !self.password_stdin {
            let secret = URL_SAFE_NO_PAD.encode(random_bytes::<15>()).into();
            return Ok(NewPassword { secret, made_up: true });
        }
        let mut input = std::io::stdin();
        if input.is_terminal() {
            eprintln!("Type the new password, then Enter and Ctrl-D:");
        }
        let mut text = String::new();
        input.by_ref().take(1024).read_to_string(&mut text)?;
        let text = text.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(
            (8..=128).contains(&text.chars().count()),
            "the password must have 8 to 128 characters"
        );
        Ok(NewPassword { secret: text.to_owned().into(), made_up: false })
    }
}

impl NewPassword {
    fn show(&self) {
        if self.made_up {
            println!("password: {}", self.secret.expose_secret());
        }
    }
}
