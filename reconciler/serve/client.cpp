#include "reconciler/serve/client.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>

#include "providers/core/http.hpp"
#include "reconciler/private_file.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::size_t longest_token = 4096;
constexpr std::chrono::minutes longest_plan(10);
constexpr int unprocessable = 422;

json problem_of(const HttpReply& reply) {
  if (nests_too_deep(reply.body)) return json::object();
  json problem = json::parse(reply.body, nullptr, false);
  return problem.is_object() ? problem : json::object();
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Error with_hint(const HttpRequest& /*request*/, const HttpReply& reply, Error error) {
  error.hint = text_at(problem_of(reply), "hint");
  return error;
}

Errors errors_of(const HttpReply& reply) {
  Errors errors;
  const json problem = problem_of(reply);
  for (const json& one : problem.value("errors", json::array())) {
    if (one.is_string()) {
      errors.push_back(fail(ErrorKind::invalid_spec, one.get<std::string>()).value());
    }
  }
  if (errors.empty()) errors.push_back(with_hint({}, reply, http_error({}, reply)));
  return errors;
}

std::string path_of(const PlanQuery& query) {
  std::string path = "/api/v1/plan?format=";
  switch (query.format) {
    case PlanFormat::json:
      path += "json";
      break;
    case PlanFormat::text:
      path += "text";
      break;
    case PlanFormat::markdown:
      path += "markdown";
      break;
  }
  const auto add = [&path](const std::string& name, const std::string& value) {
    path += "&" + name + "=" + url_component(value);
  };
  if (!query.site.empty()) add("site", query.site);
  if (!query.rev.empty()) add("rev", query.rev);
  for (const std::string& glob : query.options.only) add("only", glob);
  for (const std::string& glob : query.options.exclude) add("exclude", glob);
  if (query.format != PlanFormat::text) return path;
  if (query.style.color) add("color", "true");
  if (query.style.verbose) add("verbose", "true");
  add("width", std::to_string(query.style.width));
  add("utc_offset", std::to_string(query.style.utc_offset_minutes));
  return path;
}

Result<HttpClient> open_client(const AskedServer& server) {
  HttpSettings settings;
  settings.name = "server";
  settings.url = server.url;
  settings.ca_file = server.ca_file;
  settings.fingerprint = server.fingerprint;
  if (!server.token.empty()) {
    settings.headers.push_back(
        {.name = "Authorization", .value = "Bearer " + server.token, .secret = true});
  }
  // It says nothing until it has looked at everything. Asked once: what is busy is not helped by
  // being asked again.
  settings.total_limit = settings.idle_limit = settings.patience = longest_plan;
  settings.retries = 0;
  settings.refine = &with_hint;
  return HttpClient::open(std::move(settings));
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// The first of the file: the server's own.
Result<std::string> fingerprint_in(const std::string& file) {
  const Bio in(BIO_new_file(file.c_str(), "r"), &BIO_free_all);
  const Certificate certificate(
      in == nullptr ? nullptr : PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned size = 0;
  if (certificate == nullptr ||
      X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return fail(ErrorKind::invalid_spec, "there is no certificate in " + file);
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02X}", digest.at(i));
  return text;
}

}  // namespace

Result<AskedServer> own_server(const std::string& listen, const std::string& certificate_file) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) {
    return fail(ErrorKind::not_found, "the service of this machine listens nowhere",
                "write `listen: 127.0.0.1:8471` below `service` in the machine file");
  }
  std::string host = listen.substr(0, colon);
  // Where it listens on all of its addresses, it does so on this one.
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  AskedServer server;
  server.url = (certificate_file.empty() ? "http://" : "https://") + host + listen.substr(colon);
  if (!certificate_file.empty()) {
    TRY_ASSIGN(server.fingerprint, fingerprint_in(certificate_file));
  }
  return server;
}

Status ask_health(const AskedServer& server, const std::stop_token& stop) {
  HttpSettings settings;
  settings.name = "service";
  settings.url = server.url;
  settings.fingerprint = server.fingerprint;
  settings.total_limit = settings.idle_limit = settings.patience = std::chrono::seconds(5);
  settings.retries = 0;
  TRY_ASSIGN(const HttpClient client, HttpClient::open(std::move(settings)));
  TRY_ASSIGN(const HttpReply reply, client.send({.path = "/healthz"}, stop));
  const json said = json::parse(reply.body, nullptr, false);
  if (said.is_object() && text_at(said, "status") == "ok") return {};
  return fail(ErrorKind::internal, reply.origin + ": what answers is no `homeostat run`");
}

Result<std::string> find_token(const std::string& file) {
  if (file.empty()) {
    const char* stated = std::getenv("HOMEOSTAT_TOKEN");  // NOLINT(concurrency-mt-unsafe)
    return std::string(stated == nullptr ? "" : stated);
  }
  TRY_ASSIGN(const auto text, read_private_file(file, "the token", longest_token));
  if (!text) return fail(ErrorKind::not_found, "there is no token file " + file);
  const std::size_t end = text->find_last_not_of(" \t\r\n");
  return end == std::string::npos ? std::string() : text->substr(0, end + 1);
}

tl::expected<ServedPlan, Errors> ask_for_plan(const AskedServer& server, const PlanQuery& query,
                                              const std::stop_token& stop) {
  const auto client = open_client(server);
  if (!client) return tl::unexpected(Errors{client.error()});
  const auto reply = client->send({.path = path_of(query), .judged = {unprocessable}}, stop);
  if (!reply) return tl::unexpected(Errors{reply.error()});
  if (reply->status == unprocessable) return tl::unexpected(errors_of(*reply));
  const auto code = parse_digits(reply->header(to_lower(exit_code_header)));
  if (!code || *code > 3) {
    return tl::unexpected(
        Errors{fail(ErrorKind::internal, reply->origin + ": what answers is no `homeostat run`",
                    "the url is that of its `service: listen`")
                   .value()});
  }
  return ServedPlan{.exit_code = static_cast<int>(*code), .body = reply->body};
}

}  // namespace homeostat
