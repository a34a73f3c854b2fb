//! The exchange of a code (RFC 6749, section 4.1.3), with the secret and the verifier (RFC 7636).

use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, EmptyExtraTokenFields,
    EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    StandardRevocableToken, StandardTokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Journey, ProviderError,
    http::{Http, HttpError},
};
use crate::config::identity::OAuthClient;

/// How much of what a provider says goes into the log.
const MAX_WORDS: usize = 200;

/// What OpenID Connect adds to the answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WithIdToken {
    pub(super) id_token: Option<String>,
}

impl ExtraTokenFields for WithIdToken {}

/// Nothing more than an access token.
pub(super) type Plain = EmptyExtraTokenFields;

type TokenResponse<Extra> = StandardTokenResponse<Extra, BasicTokenType>;

/// A client with both endpoints.
pub(super) type Ready<Extra> = Client<
    BasicErrorResponse,
    TokenResponse<Extra>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Where things are.
#[derive(Debug)]
pub(super) struct Endpoints<'a> {
    pub(super) authorization: &'a str,
    pub(super) token: &'a str,
    pub(super) callback: &'a str,
    pub(super) secret_in_form: bool,
}

/// This platform at a provider.
pub(super) fn client<Extra: ExtraTokenFields>(
    own: &OAuthClient,
    endpoints: &Endpoints<'_>,
) -> anyhow::Result<Ready<Extra>> {
    let auth_type = if endpoints.secret_in_form { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(Client::new(ClientId::new(own.client_id.clone()))
        .set_client_secret(ClientSecret::new(own.client_secret.expose_secret().to_owned()))
        .set_auth_type(auth_type)
        .set_auth_uri(AuthUrl::new(endpoints.authorization.to_owned())?)
        .set_token_uri(TokenUrl::new(endpoints.token.to_owned())?)
        .set_redirect_uri(RedirectUrl::new(endpoints.callback.to_owned())?))
}

/// Exchanges the code for what it stands for.
pub(super) async fn exchange<Extra: ExtraTokenFields>(
    client: &Ready<Extra>,
    http: &Http,
    answer: &Answer,
    journey: &Journey,
) -> Result<TokenResponse<Extra>, ProviderError> {
    let code = AuthorizationCode::new(answer.code.expose_secret().to_owned());
    let verifier = PkceCodeVerifier::new(journey.pkce_verifier.expose_secret().to_owned());
    let exchanged = client.exchange_code(code).set_pkce_verifier(verifier).request_async(http).await;
    exchanged.map_err(explain)
}

fn explain(error: RequestTokenError<HttpError, BasicErrorResponse>) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(answer) if is_of_code(answer.error()) => {
            ProviderError::NotGood("the provider does not take the code")
        }
        RequestTokenError::ServerResponse(answer) => {
            let words: String = answer.to_string().chars().take(MAX_WORDS).collect();
            anyhow::anyhow!("it refuses to exchange a code: {words}").into()
        }
        RequestTokenError::Request(error) => anyhow::Error::new(error).into(),
        // GitHub says what is wrong with a code as if all were well.
        RequestTokenError::Parse(_, body) if is_refusal_of_code(&body) => {
            ProviderError::NotGood("the provider does not take the code")
        }
        // The body may have tokens in it.
        RequestTokenError::Parse(..) => anyhow::anyhow!("what it gives for a code cannot be read").into(),
        RequestTokenError::Other(words) => anyhow::anyhow!("{words}").into(),
    }
}

fn is_of_code(error: &BasicErrorResponseType) -> bool {
    match error {
        BasicErrorResponseType::InvalidGrant => true,
        BasicErrorResponseType::Extension(word) => word == "bad_verification_code",
        _ => false,
    }
}

fn is_refusal_of_code(body: &[u8]) -> bool {
    serde_json::from_slice::<BasicErrorResponse>(body).is_ok_and(|answer| is_of_code(answer.error()))
}
