#include "providers/core/http.hpp"

#include <doctest/doctest.h>

#include "providers/core/http_text.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

HttpReply reply(int status, const std::string& body = {}, const std::string& type = {}) {
  HttpReply made;
  made.status = status;
  made.body = body;
  made.excerpt = body.substr(0, 20);
  made.origin = "GET http://10.5.0.2:81/api";
  if (!type.empty()) made.headers["content-type"] = type;
  return made;
}

Error error_of(int status, const std::string& body = {}, const std::string& type = {}) {
  return http_error({}, reply(status, body, type));
}

std::string not_json(const std::string& body, const std::string& type = {}) {
  const auto json = json_of(reply(200, body, type));
  REQUIRE(!json);
  CHECK(json.error().kind == ErrorKind::internal);
  return json.error().message;
}

std::string refused(HttpSettings settings) {
  settings.name = "dns";
  const auto client = HttpClient::open(std::move(settings));
  REQUIRE(!client);
  CHECK(client.error().kind == ErrorKind::invalid_spec);
  return client.error().message;
}

}  // namespace

TEST_CASE("http_error: a status decides the kind") {
  const auto kind = [](int status) { return error_of(status).kind; };
  for (const int status : {401, 403}) CHECK(kind(status) == ErrorKind::auth);
  for (const int status : {404, 410}) CHECK(kind(status) == ErrorKind::not_found);
  for (const int status : {409, 412}) CHECK(kind(status) == ErrorKind::conflict);
  CHECK(kind(422) == ErrorKind::invalid_spec);
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
    CHECK(kind(status) == ErrorKind::transient);
  }
  for (const int status : {304 + 96, 405, 413, 418, 501, 505}) {
    CHECK(kind(status) == ErrorKind::internal);
  }
}

TEST_CASE("http_error: after a write that may not come twice, a 5xx leaves open what was done") {
  const HttpRequest post{.method = "POST", .path = "/"};
  CHECK(http_error(post, reply(500)).kind == ErrorKind::conflict);
  CHECK(http_error(post, reply(500)).message ==
        "GET http://10.5.0.2:81/api: 500 Internal Server Error; whether it was done is not known");
  CHECK(http_error(post, reply(429)).kind == ErrorKind::transient);
  CHECK(http_error({.method = "PUT", .path = "/", .idempotent = true}, reply(500)).kind ==
        ErrorKind::transient);
}

TEST_CASE("http_error: repeats what the server says, and no page") {
  const std::string at = "GET http://10.5.0.2:81/api: ";
  CHECK(error_of(422, R"({"error":"Record www: not canonical"})").message ==
        at + "422 Unprocessable Entity: Record www: not canonical");
  CHECK(error_of(400, R"({"error":{"code":400,"message":"Bad vmid"}})").message ==
        at + "400 Bad Request: Bad vmid");
  CHECK(error_of(404, "Not here\n", "text/plain").message == at + "404 Not Found: Not here\n");
  CHECK(error_of(502, "<html>nginx</html>", "text/html").message ==
        at + "502 Bad Gateway: an HTML page");
  CHECK(error_of(500, "\x01\x02", "application/octet-stream").message ==
        at + "500 Internal Server Error");
  CHECK(http_error({.sensitive = true}, reply(422, R"({"error":"hush"})")).message ==
        at + "422 Unprocessable Entity");
}

TEST_CASE("http_error: a redirect names its host and nothing more") {
  HttpReply moved = reply(302);
  const auto target = [&moved](const std::string& location) {
    moved.headers["location"] = location;
    const Error error = http_error({}, moved);
    CHECK(error.kind == ErrorKind::invalid_spec);
    return error.message.substr(error.message.find("redirects to"));
  };
  CHECK(target("https://ops:pw@login.example.org:8443/a?token=b") ==
        "redirects to https://login.example.org:8443, which is not followed");
  CHECK(target("//login.example.org") == "redirects to //login.example.org, which is not followed");
  CHECK(target("/login?next=//evil") ==
        "redirects to another path of its own, which is not followed");
  CHECK(target("") == "redirects to another path of its own, which is not followed");
}

TEST_CASE("json_of: JSON and nothing else") {
  CHECK(json_of(reply(200, R"({"a":[1]})")).value() == nlohmann::json{{"a", {1}}});
  CHECK(json_of(reply(200, "[]", "application/json; charset=utf-8")).value().empty());
  CHECK(json_of(reply(200, "{}", "application/problem+json")).value().empty());
  const std::string at = "GET http://10.5.0.2:81/api: expected JSON, got ";
  CHECK(not_json("") == at + "nothing");
  CHECK(not_json("<!DOCTYPE html><p>Log in", "text/html; charset=utf-8") ==
        at + "an HTML page, which begins `<!DOCTYPE html><p>Lo`");
  CHECK(not_json("\n <html>", "application/json") == at + "an HTML page, which begins `\n <html>`");
  CHECK(not_json("[1]", "text/plain") == at + "text/plain, which begins `[1]`");
  CHECK(not_json(R"({"rrsets":[{"name)") ==
        at + R"(a text that is cut off after 17 bytes, which begins `{"rrsets":[{"name`)");
  CHECK(not_json("{\"a\" 1}") == at + "a text that breaks at byte 6, which begins `{\"a\" 1}`");
}

TEST_CASE("json_of: very deep JSON is refused, not crashed on") {
  const std::string at = "GET http://10.5.0.2:81/api: ";
  CHECK(
      not_json(std::string(1 << 20, '[')).starts_with(at + "expected JSON, got a text that nests"));
  CHECK(error_of(400, std::string(60'000, '[')).message == at + "400 Bad Request");
  const std::string open = R"({"[[[\"[":)";
  std::string fine = "[[]]";
  for (int i = 0; i < 150; ++i) fine = open + fine + "}";
  CHECK(json_of(reply(200, fine)));
}

TEST_CASE("url_component: nothing but letters, digits and -._~ stays as it is") {
  CHECK(url_component("www.example-1.org_~") == "www.example-1.org_~");
  CHECK(url_component("a/b?c#d e%&=+") == "a%2Fb%3Fc%23d%20e%25%26%3D%2B");
  CHECK(url_component("\xC3\xA4") == "%C3%A4");
}

TEST_CASE("http: counts are told in one line") {
  CHECK(to_string(HttpCounts{}) == "0 calls over 0 connections, 0 B sent, 0 B received");
  CHECK(
      to_string(HttpCounts{.calls = 1, .connects = 1, .bytes_sent = 812, .bytes_received = 1200}) ==
      "1 call over 1 connection, 812 B sent, 1.2 kB received");
  CHECK(to_string(HttpCounts{.calls = 12,
                             .retries = 1,
                             .connects = 2,
                             .bytes_sent = 3100,
                             .bytes_received = 64'000'000}) ==
        "12 calls (1 retry) over 2 connections, 3.1 kB sent, 64.0 MB received");
}

TEST_CASE("http: a url that is none of an API is refused, without repeating a password") {
  CHECK(refused({.url = "ftp://a.example.org"}) ==
        "`ftp://a.example.org` is no url of an HTTP API");
  CHECK(refused({.url = "a.example.org"}) == "`a.example.org` has no scheme");
  CHECK(refused({.url = "http://a.example.org/?token=hunter2"}) == "its url has a query");
  CHECK(refused({.url = "http://ops:hunter2@a.example.org"}) == "its url names a user");
}

TEST_CASE("http: a token with a line break is refused, without repeating it") {
  CHECK(refused({.url = "http://a", .headers = {{"X-API-Key", "hunter2\nHost: evil", true}}}) ==
        "the value for header X-API-Key has a line break or a control character");
}

TEST_CASE("http: a fingerprint is a SHA-256, and needs no authority beside it") {
  CHECK(refused({.url = "https://a", .fingerprint = "12:AB"}) ==
        "a fingerprint has 64 hex digits, this one has 4");
  CHECK(refused({.url = "https://a", .fingerprint = "zz"}) == "a fingerprint is hex digits");
  CHECK(refused({.url = "https://a", .ca_file = "x", .fingerprint = std::string(64, 'a')}) ==
        "`ca_file` and `fingerprint` exclude each other");
  CHECK(HttpClient::open({.url = "https://a", .fingerprint = std::string(64, 'a')}));
}

TEST_CASE("http: a CA file must hold a certificate") {
  const TempDir dir;
  dir.write("empty.pem", "nothing\n");
  for (const std::string file : {"absent.pem", "empty.pem"}) {
    const std::string path = dir.path() + "/" + file;
    CHECK(refused({.url = "https://a", .ca_file = path}) ==
          "no certificate can be read from " + path);
  }
}

TEST_CASE("http: an authority is a file of the machine, since a push can change one of the repo") {
  const auto fields = http_fields();
  const auto ca_file = std::ranges::find(fields, "ca_file", &FieldSchema::name);
  REQUIRE(ca_file != fields.end());
  CHECK(ca_file->check("/etc/ca.pem") == "/etc/ca.pem");
  for (const char* relative : {"ca.pem", "./ca.pem", "../ca.pem"}) {
    const auto refused = ca_file->check(relative);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("is a relative path") != std::string::npos);
  }
}

TEST_CASE("http: settings come from the provider's entry") {
  ProviderConfig config;
  config.name = "dns";
  config.max_in_flight = 7;
  config.max_per_second = 3;
  const Attributes values = {{"url", "https://a"}, {"ca_file", "/srv/ca.pem"}, {"timeout", "4s"}};
  const std::string folder = "/srv/lab";
  const std::string site = "home";
  const Zones zones;
  ProviderContext context{config, values, folder, site, zones, false};
  context.timing.chance = [] { return 0.25; };
  const HttpSettings settings = http_settings(context);
  CHECK(settings.name == "dns");
  CHECK(settings.url == "https://a");
  CHECK(settings.ca_file == "/srv/ca.pem");
  CHECK(settings.fingerprint.empty());
  CHECK(settings.total_limit == std::chrono::seconds(4));
  CHECK(settings.idle_limit == std::chrono::seconds(4));
  CHECK(settings.max_in_flight == 7);
  CHECK(settings.max_per_second == 3);
  CHECK(!settings.read_only);
  CHECK(settings.timing.chance() == 0.25);
  for (const FieldSchema& field : http_fields()) CHECK(!field.doc.empty());
}

TEST_CASE("one_line: one line, printable, cut by characters") {
  CHECK(one_line(" a\r\n\t b\x7F\x1B[31mc \xC2\x9B ", 80) == "a b [31mc");
  CHECK(one_line("\xFF\xC3\xA4\xC3\xB6\xC3\xBC", 2) == "\xC3\xA4\xC3\xB6\xE2\x80\xA6");
  CHECK(one_line("ab", 2) == "ab");
}
