//! Routes: which request means what.
//!
//! | request | answer |
//! |---|---|
//! | `GET /health` | `ok` |
//! | `GET /links` | a line for each link: its name and its address |
//! | `POST /links` | adds the address in the body; the new link is in `location` |
//! | `GET /to/NAME` | leads to the address |
//! | `DELETE /to/NAME` | forgets the link |

use http::{Method, Request, Response, Status};

use crate::links::Links;

/// Answers one request.
pub fn answer(links: &mut Links, request: &Request) -> Response {
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    match (request.method, path.as_slice()) {
        (Method::Get, ["health"]) => Response::text(Status::Ok, "ok\n"),
        (Method::Get, ["links"]) => list(links),
        (Method::Post, ["links"]) => add(links, &request.body),
        (Method::Get, ["to", name]) => follow(links, name),
        (Method::Delete, ["to", name]) => remove(links, name),
        (_, ["health" | "links"] | ["to", _]) => {
            Response::text(Status::MethodNotAllowed, "this cannot be done here\n")
        }
        _ => nothing_here(),
    }
}

fn list(links: &Links) -> Response {
    let lines = links.iter().map(|(name, address)| format!("{name} {address}\n"));
    Response::text(Status::Ok, lines.collect::<String>())
}

fn add(links: &mut Links, body: &[u8]) -> Response {
    let Ok(address) = std::str::from_utf8(body) else {
        return Response::text(Status::BadRequest, "an address is UTF-8\n");
    };
    match links.add(address.trim()) {
        Ok(name) => {
            let place = format!("/to/{name}");
            Response::text(Status::Created, format!("{place}\n")).at(place)
        }
        Err(error) => Response::text(Status::BadRequest, format!("{error}\n")),
    }
}

fn follow(links: &Links, name: &str) -> Response {
    match links.get(name) {
        Some(address) => Response::text(Status::Found, "").at(address),
        None => nothing_here(),
    }
}

fn remove(links: &mut Links, name: &str) -> Response {
    if links.remove(name) { Response::text(Status::NoContent, "") } else { nothing_here() }
}

fn nothing_here() -> Response {
    Response::text(Status::NotFound, "there is nothing here\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(links: &mut Links, method: Method, path: &str, body: &str) -> Response {
        let body = body.as_bytes().to_vec();
        answer(links, &Request { method, path: path.to_owned(), body, keep_alive: true })
    }

    #[test]
    fn a_link_is_added_followed_and_forgotten() {
        let mut links = Links::default();
        let added = ask(&mut links, Method::Post, "/links", "https://example.com\n");
        assert_eq!(added.status, Status::Created);
        let place = added.location.unwrap();
        let followed = ask(&mut links, Method::Get, &place, "");
        assert_eq!(followed.location.as_deref(), Some("https://example.com"));
        assert_eq!(ask(&mut links, Method::Delete, &place, "").status, Status::NoContent);
        assert_eq!(ask(&mut links, Method::Get, &place, "").status, Status::NotFound);
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let mut links = Links::default();
        for (method, path, body, status) in [
            (Method::Get, "/", "", Status::NotFound),
            (Method::Get, "/to/a/b", "", Status::NotFound),
            (Method::Post, "/health", "", Status::MethodNotAllowed),
            (Method::Delete, "/links", "", Status::MethodNotAllowed),
            (Method::Delete, "/to/none", "", Status::NotFound),
            (Method::Post, "/links", "example.com", Status::BadRequest),
        ] {
            assert_eq!(ask(&mut links, method, path, body).status, status, "{path}");
        }
    }
}
