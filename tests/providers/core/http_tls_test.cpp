#include <unistd.h>

#include <csignal>

#include "tests/providers/core/http_lab.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

FakeHttp https(const Certificate& certificate) {
  return FakeHttp([](const FakeRequest&) { return FakeAnswer{}; }, certificate.file,
                  certificate.key_file);
}

Error refusal(HttpSettings settings) {
  settings.retries = 3;
  StillClock clock;
  settings.timing = clock.timing();
  const HttpClient client = open_http(settings);
  const auto reply = get(client, "/");
  REQUIRE(!reply);
  CHECK(clock.pauses().empty());
  CHECK(client.counts().calls == 0);
  return reply.error();
}

// nginx with HTTP/2 over TLS in front of nothing: it answers by itself.
class Nginx {
 public:
  explicit Nginx(const Certificate& certificate) {
    for (int tries = 0; tries < 10; ++tries) {
      port_ = closed_port();
      dir_.write("nginx.conf",
                 "pid " + dir_.path() + "/pid;\nerror_log " + dir_.path() +
                     "/error.log;\nevents {}\nhttp {\n  access_log off;\n  client_body_temp_path " +
                     dir_.path() + "/b;\n  proxy_temp_path " + dir_.path() +
                     "/p;\n  fastcgi_temp_path " + dir_.path() + "/f;\n  uwsgi_temp_path " +
                     dir_.path() + "/u;\n  scgi_temp_path " + dir_.path() +
                     "/s;\n  server {\n    listen 127.0.0.1:" + std::to_string(port_) +
                     " ssl http2;\n    ssl_certificate " + certificate.file +
                     ";\n    ssl_certificate_key " + certificate.key_file +
                     ";\n    default_type application/json;\n"
                     "    location / { return 200 '[\"$server_protocol\"]'; }\n  }\n}\n");
      // Comes back when its sockets are open.
      const ProcessResult started =
          run_process({.command = {"/usr/sbin/nginx", "-c", dir_.path() + "/nginx.conf"}});
      if (started.exit_code == 0) return;
      last_error_ = started.err;
    }
    FAIL("nginx does not start: " << last_error_);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  ~Nginx() {
    (void)run_process(
        {.command = {"/usr/sbin/nginx", "-c", dir_.path() + "/nginx.conf", "-s", "stop"}});
  }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

 private:
  TempDir dir_;
  int port_ = 0;
  std::string last_error_;
};

}  // namespace

TEST_CASE("http tls: a certificate is taken by its authority") {
  const TempDir dir;
  const Certificate authority =
      make_certificate({.folder = dir.path(), .file = "ca", .names = {}, .authority = true});
  const Certificate leaf = make_certificate({.folder = dir.path(), .file = "leaf", .issuer = "ca"});
  const FakeHttp server = https(leaf);
  HttpSettings settings = http_to(server.url());
  settings.ca_file = authority.file;
  const HttpClient client = open_http(settings);
  CHECK(get(client, "/"));
  CHECK(get(client, "/"));
  CHECK(client.counts().connects == 1);
}

TEST_CASE("http tls: a certificate of somebody else's authority is refused, and named") {
  const TempDir dir;
  const Certificate good = make_certificate({.folder = dir.path(), .file = "good"});
  const Certificate other = make_certificate({.folder = dir.path(), .file = "other"});
  const FakeHttp server = https(good);
  HttpSettings settings = http_to(server.url());
  for (const std::string& authority : {std::string(), other.file}) {
    settings.ca_file = authority;
    const Error error = refusal(settings);
    CHECK(error.kind == ErrorKind::auth);
    CHECK(error.message.find("its certificate is refused: self-signed certificate") !=
          std::string::npos);
    CHECK(error.message.ends_with("has the fingerprint " + good.fingerprint));
  }
}

TEST_CASE("http tls: a wrong name, a date that has passed or is to come: refused") {
  const TempDir dir;
  const auto refused = [&dir](CertificateInput input) {
    input.folder = dir.path();
    const Certificate made = make_certificate(input);
    const FakeHttp server = https(made);
    HttpSettings settings = http_to(server.url());
    settings.ca_file = made.file;
    const Error error = refusal(settings);
    CHECK(error.kind == ErrorKind::auth);
    return error.message.substr(error.message.find("its certificate"));
  };
  const std::string name = refused({.file = "name", .names = {"DNS:nas.example.org"}});
  CHECK(name.find("127.0.0.1") != std::string::npos);
  const std::string old = refused({.file = "old", .valid_from = -7200, .valid_to = -3600});
  CHECK(old.starts_with("its certificate is refused: certificate has expired"));
  const std::string young = refused({.file = "young", .valid_from = 3600, .valid_to = 7200});
  CHECK(young.starts_with("its certificate is refused: certificate is not yet valid"));
}

TEST_CASE("http tls: a pinned certificate is taken whatever its name, dates and issuer") {
  const TempDir dir;
  const Certificate made = make_certificate({.folder = dir.path(),
                                             .file = "old",
                                             .names = {"DNS:nas.example.org"},
                                             .valid_from = -7200,
                                             .valid_to = -3600});
  const FakeHttp server = https(made);
  HttpSettings settings = http_to(server.url());
  settings.fingerprint = made.fingerprint;
  const HttpClient client = open_http(settings);
  CHECK(get(client, "/"));
  std::string other_form;
  for (const char c : made.fingerprint) {
    if (c != ':') other_form += static_cast<char>(std::tolower(c));
  }
  settings.fingerprint = other_form;
  CHECK(get(open_http(settings), "/"));
}

TEST_CASE("http tls: another certificate than the pinned one is refused, the best one too") {
  const TempDir dir;
  const Certificate good = make_certificate({.folder = dir.path(), .file = "good"});
  const Certificate pinned = make_certificate({.folder = dir.path(), .file = "pinned"});
  const FakeHttp server = https(good);
  HttpSettings settings = http_to(server.url());
  settings.fingerprint = pinned.fingerprint;
  const Error error = refusal(settings);
  CHECK(error.kind == ErrorKind::auth);
  CHECK(error.message == "GET " + server.url() +
                             "/: its certificate is refused: another fingerprint is pinned; the "
                             "certificate there has the fingerprint " +
                             good.fingerprint);
}

TEST_CASE("http tls: a server that speaks no TLS is said to be so") {
  RawServer server([](Peer& peer, int) {
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_end();
  });
  const Error error = refusal(patient(http_to("https" + server.url().substr(4))));
  CHECK(error.kind == ErrorKind::invalid_spec);
  CHECK(error.message.ends_with("it does not speak TLS"));
}

TEST_CASE("http tls: HTTP/2 is spoken where it is offered") {
  const TempDir dir;
  const Certificate made = make_certificate({.folder = dir.path(), .file = "good"});
  const Nginx server(made);
  HttpSettings settings = http_to(server.url());
  settings.ca_file = made.file;
  const HttpClient client = open_http(settings);
  for (int i = 0; i < 3; ++i) {
    const auto reply = get(client, "/");
    REQUIRE_MESSAGE(reply, reply.error().message);
    CHECK(json_of(*reply).value() == nlohmann::json{"HTTP/2.0"});
  }
  CHECK(client.counts().connects == 1);
}
