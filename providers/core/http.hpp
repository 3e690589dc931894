// The HTTP client that providers share: one server, limits on everything, retries where they can
// harm nothing, and no secret in any message.
//
// Where retries live. A *request* is repeated here, and only one that is `idempotent`: when no
// connection came about or it broke, and when the answer means `transient` (429, 5xx). A *step* is
// repeated by the executor, since only a provider knows whether a step may come twice. The two do
// not multiply: a `transient` error that was tried again here, or that took a time limit to find
// out, is `exhausted`, and the executor lets that step be. Left to the executor is what was never
// done: a request that is not idempotent and got no connection, or a 429. One that may have been
// done, and the answer is lost or a 5xx, is a `conflict`: look again, plan again.
// After a 429 or 503 with Retry-After all calls of the client wait for that long, so that whoever
// repeats need not know of it.
// How long a request may take. Its last try begins within the settings' `patience`, counted from
// send(): pauses, Retry-After and the wait for its turn included. With the limit of that try it is
// over after `patience` + `total_limit`, two minutes where nobody says otherwise. A Retry-After
// that leads beyond it is not waited for: the request is `exhausted` at once, and until that time
// so is every other request of the client that is not under way, so that a hundred requests do not
// find out one after the other.
#pragma once

#include <nlohmann/json.hpp>

#include "providers/core/provider.hpp"

namespace homeostat {

struct HttpHeader {
  std::string name;
  std::string value;
  bool secret = false;  // never shown; neither is its value anywhere else
};

struct HttpRequest {
  std::string method = "GET";
  std::string path = {};  // below the settings' url, from its slash on, with the query; encoded
  std::vector<HttpHeader> headers = {};
  std::string body = {};    // where there is one and no Content-Type: application/json
  bool idempotent = false;  // twice is the same as once. GET and HEAD always are
  bool sensitive = false;   // the answer may hold a secret: nothing of it is ever shown
  // Changes nothing on the server, whatever its method says: a login, a search. Goes out while
  // planning too. The answer to a login is `sensitive`.
  bool only_reads = false;
  std::set<int> judged = {};  // statuses, beside 2xx, that the caller wants as a reply
};

[[nodiscard]] bool is_idempotent(const HttpRequest& request);

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case; of several the last
  std::string body = {};
  std::string origin = {};  // for messages: "GET http://10.5.0.2:8081/api/v1/servers"; no query
  std::string excerpt =
      {};  // the beginning of the body, printable and redacted; "" where sensitive

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;  // "" where absent
};

struct HttpSettings {
  std::string name = {};  // the provider's instance, for the log
  // http://, https:// (with a path in front of all others, perhaps) or unix:///var/run/x.sock.
  std::string url = {};
  std::string ca_file = {};      // "": the system's authorities
  std::string fingerprint = {};  // SHA-256 of the server's certificate, "12:AB:...": that one alone
                                 // is taken, whatever its name, dates and issuer
  std::vector<HttpHeader> headers = {};   // sent with every request
  std::vector<std::string> secrets = {};  // whatever else must not be shown
  std::chrono::milliseconds connect_limit = std::chrono::seconds(5);
  std::chrono::milliseconds total_limit = std::chrono::seconds(30);  // one try, answer included
  std::chrono::milliseconds idle_limit = std::chrono::seconds(10);   // without a byte either way
  std::size_t max_body_bytes = std::size_t{64} << 20;                // of an answer
  int max_in_flight = 4;
  int max_per_second = 0;  // 0: no limit
  int retries = 3;
  // Of a request, from send() to the beginning of its last try.
  std::chrono::milliseconds patience = std::chrono::seconds(90);
  bool read_only = true;  // GET, HEAD and what `only_reads` go out; everything else is refused
  // What an answer that is neither 2xx nor judged means; gets what http_error() says. Pure.
  std::function<Error(const HttpRequest&, const HttpReply&, Error)> refine = {};
  Timing timing = {};  // empty functions: the real clock
};

// Of a client, from its beginning.
struct HttpCounts {
  std::uint64_t calls = 0;    // requests that were sent, retries included
  std::uint64_t retries = 0;  // of these
  std::uint64_t errors = 0;   // tries that failed, those that reached nobody included
  std::uint64_t connects = 0;
  std::uint64_t bytes_sent = 0;      // headers included
  std::uint64_t bytes_received = 0;  // likewise
  // Of the server's certificate, as the last new connection showed it; nullopt with a pin.
  std::optional<std::chrono::sys_seconds> certificate_until = std::nullopt;
};
// "12 calls (1 retry) over 2 connections, 3.1 kB sent, 120.4 kB received".
[[nodiscard]] std::string to_string(const HttpCounts& counts);

// For several threads at once. Redirects are never followed, proxies of the environment never used.
class HttpClient {
 public:
  // Connects to nothing. Errors: a url, header or fingerprint that cannot be, a CA file that
  // cannot be read.
  [[nodiscard]] static Result<HttpClient> open(HttpSettings settings);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // A 2xx or judged answer; else an error as http_error() and `refine` see it. A stop request ends
  // it within two seconds wherever it is, as `cancelled`.
  [[nodiscard]] Result<HttpReply> send(const HttpRequest& request, std::stop_token stop) const;
  [[nodiscard]] HttpCounts counts() const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a status means where nobody knows better: 401 and 403 auth, 404 and 410 not_found (whether
// that means "absent" is the caller's to judge), 409 and 412 conflict, 422 invalid_spec, 408, 425,
// 429 and 5xx transient (but conflict where the request is not idempotent and may have been done),
// else internal. The message holds what the server says in `error`, `message` or as plain text.
[[nodiscard]] Error http_error(const HttpRequest& request, const HttpReply& reply);

// The body as JSON. HTML, another content type, an empty or a cut-off text is `internal`, and the
// message shows how it begins.
[[nodiscard]] Result<nlohmann::json> json_of(const HttpReply& reply);

// One component of a path, or a name or value of a query: all but letters, digits and -._~ as %XX.
[[nodiscard]] std::string url_component(std::string_view text);

// Settings that providers over HTTP share: url (required), ca_file, fingerprint, timeout.
[[nodiscard]] std::vector<FieldSchema> http_fields();
// From these, and from what every provider has: name, limits, read_only, timing. Authentication,
// and whatever else the type knows, is the caller's to add.
[[nodiscard]] HttpSettings http_settings(const ProviderContext& context);

}  // namespace homeostat
