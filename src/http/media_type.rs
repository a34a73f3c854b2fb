//! In which of its media types a response goes out (GraphQL over HTTP, section 6.1).

use axum::http::{HeaderMap, HeaderValue, header};

/// A media type that GraphQL responses have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status tells what became of the request.
    GraphqlResponse,
    /// `application/json`, for clients from before the specification: well-formed requests are answered with 200.
    Json,
}

impl MediaType {
    /// The one that the client likes best; JSON where it says nothing. `None`: it takes neither.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut lists = headers.get_all(header::ACCEPT).iter().peekable();
        if lists.peek().is_none() {
            return Some(Self::Json);
        }
        let ranges: Vec<Range<'_>> = lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .map(Range::parse)
            .collect();
        let rate = |media_type: Self| {
            let covering = ranges.iter().filter(|range| range.covers(media_type));
            let range = covering.max_by_key(|range| range.precision())?;
            // Of two that it likes the same, the one it names; of two named ones, the specification's own.
            let is_own = (media_type == Self::GraphqlResponse) == range.is_precise();
            (range.quality > 0).then_some((range.quality, range.precision(), is_own))
        };
        let rated = [Self::GraphqlResponse, Self::Json].map(|media_type| (rate(media_type), media_type));
        let best = rated.into_iter().max_by_key(|(rating, _)| *rating);
        best.and_then(|(rating, media_type)| rating.map(|_| media_type))
    }

    /// As the `Content-Type` has it.
    pub(super) fn header_value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn subtype(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "graphql-response+json",
            Self::Json => "json",
        }
    }
}

/// A media range of an `Accept` header (RFC 9110, section 12.5.1).
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
    /// Another charset than ours is asked for.
    is_foreign: bool,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next().and_then(|range| range.split_once('/')).unwrap_or_default();
        let mut range = Self { kind, subtype, quality: 1000, is_foreign: false };
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => range.quality = quality(value),
                "charset" => {
                    range.is_foreign |= !["utf-8", "utf8"].contains(&value.to_ascii_lowercase().as_str())
                }
                _ => {}
            }
        }
        range
    }

    fn covers(&self, media_type: MediaType) -> bool {
        let kind_fits = self.kind == "*" || self.kind.eq_ignore_ascii_case("application");
        let subtype_fits = self.subtype == "*" || self.subtype.eq_ignore_ascii_case(media_type.subtype());
        kind_fits && subtype_fits && !self.is_foreign
    }

    fn is_precise(&self) -> bool {
        self.precision() == 2
    }

    /// A more precise range overrides a wider one.
    fn precision(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

/// From 0 to 1000; what is no quality counts as none.
fn quality(value: &str) -> u16 {
    let value: f32 = value.parse().unwrap_or(0.0);
    (value.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(accept: &[&'static str]) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        for list in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(list));
        }
        MediaType::negotiate(&headers)
    }

    #[test]
    fn what_the_client_likes_best_is_served() {
        use MediaType::{GraphqlResponse, Json};
        for (accept, served) in [
            (&[] as &[_], Some(Json)),
            (&["*/*"], Some(Json)),
            (&["application/*"], Some(Json)),
            (&["application/json"], Some(Json)),
            (&["Application/JSON; charset=UTF-8"], Some(Json)),
            (&["application/graphql-response+json"], Some(GraphqlResponse)),
            (&["application/graphql-response+json; charset=utf-8"], Some(GraphqlResponse)),
            (&["application/json, application/graphql-response+json"], Some(GraphqlResponse)),
            (&["application/graphql-response+json;q=0.5, application/json"], Some(Json)),
            (&["application/graphql-response+json, */*;q=0.1"], Some(GraphqlResponse)),
            (&["application/json;q=0, */*"], Some(GraphqlResponse)),
            (&["text/html,application/xhtml+xml,*/*;q=0.8"], Some(Json)),
            (&["text/html", "application/json"], Some(Json)),
            (&["text/html"], None),
            (&[""], None),
            (&["application/json; charset=utf-16"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=nonsense"], None),
            (&["*/*;q=0"], None),
        ] {
            assert_eq!(negotiate(accept), served, "{accept:?}");
        }
    }
}
