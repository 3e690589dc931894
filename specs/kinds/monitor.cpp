// One thing that is watched.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

std::vector<Claim> claims(const Address& address, const Attributes& attributes, const Zones&) {
  const auto stated = attributes.find("name");
  std::string name = known_text(attributes, "name");
  if (stated == attributes.end() || stated->is_null()) name = decode_component(address.name);
  if (name.empty()) return {};
  return {{"monitor@" + address.provider + ':' + name, true}};
}

Result<std::string> canonical_codes(std::string_view text) {
  const auto parts = split(text, '-');
  std::vector<std::uint64_t> codes;
  for (const std::string_view part : parts) {
    const auto code = parse_digits(trim(part));
    if (code && *code >= 100 && *code <= 999) codes.push_back(*code);
  }
  if (codes.size() != parts.size() || codes.size() > 2 || codes.front() > codes.back()) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " is not an HTTP status or a range of them",
                "write 200 or 200-299");
  }
  std::string canonical = std::to_string(codes.front());
  if (codes.size() == 2) canonical += '-' + std::to_string(codes.back());
  return canonical;
}

FieldSchema text_set(std::string name, std::string doc, std::string example) {
  return {.name = std::move(name),
          .type = Type::list,
          .doc = std::move(doc),
          .set = true,
          .keyed = true,
          .fields = {FieldSchema{}},
          .example = std::move(example)};
}

std::vector<FieldSchema> target_fields() {
  return {
      {.name = "type",
       .type = Type::choice,
       .doc = "How it is watched. `push`: the thing itself reports; `group`: the sum of others.",
       .default_value = "http",
       .choices = {"http", "keyword", "json", "tcp", "ping", "dns", "push", "docker", "group"},
       .example = "http"},
      {.name = "name",
       .doc = "What people see. Silent: the key. No two monitors of one server share it.",
       .example = "Forgejo"},
      {.name = "url",
       .type = Type::url,
       .doc = "http, keyword, json: what is asked.",
       .example = "https://git.example.org/api/healthz"},
      {.name = "host",
       .doc = "tcp, ping: an address or a name; dns: the name that is asked for.",
       .check = canonical_host,
       .example = "10.5.0.110"},
      {.name = "port",
       .type = Type::integer,
       .doc = "tcp: the port; dns: the port of the DNS server.",
       .min = 1,
       .max = 65535,
       .example = "22"},
      {.name = "dns_server",
       .doc = "dns: the server that is asked.",
       .check = canonical_host,
       .example = "10.5.0.53"},
      {.name = "dns_type",
       .type = Type::choice,
       .doc = "dns: the record type that is asked for.",
       .default_value = "A",
       .choices = {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"},
       .example = "AAAA"},
      {.name = "docker_container",
       .doc = "docker: name of the container that must run.",
       .example = "jellyfin"},
      {.name = "docker_host",
       .doc = "docker: name of the Docker host as the monitoring server knows it.",
       .example = "core"},
      {.name = "push_token",
       .doc = "push: the word in the address that the thing reports to.",
       .secret = true,
       .computed = true,
       .example = "\"${secret.backup_push}\""},
  };
}

std::vector<FieldSchema> answer_fields() {
  return {
      {.name = "accepted_codes",
       .type = Type::list,
       .doc = "HTTP statuses that count as up.",
       .default_value = nlohmann::json::array({"200-299"}),
       .set = true,
       .fields = {{.check = canonical_codes}},
       .example = "[200-299, 401]"},
      {.name = "keyword", .doc = "keyword: text that must be in the answer.", .example = "ok"},
      {.name = "invert_keyword",
       .type = Type::boolean,
       .doc = "keyword: the text must not be in the answer.",
       .default_value = false,
       .example = "true"},
      {.name = "json_path",
       .doc = "json: where in the answer the value stands.",
       .example = "$.status"},
      {.name = "json_operator",
       .type = Type::choice,
       .doc = "json: how the value is compared.",
       .default_value = "==",
       .choices = {"==", "!=", "<", "<=", ">", ">=", "contains"},
       .example = "\"!=\""},
      {.name = "expected",
       .doc = "json: the value that is expected; dns: the answer that is expected.",
       .example = "ok"},
  };
}

std::vector<FieldSchema> request_fields() {
  return {
      {.name = "method",
       .type = Type::choice,
       .doc = "The HTTP method.",
       .default_value = "GET",
       .choices = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"},
       .example = "HEAD"},
      {.name = "body", .doc = "The body of the request.", .example = "'{\"ping\": 1}'"},
      {.name = "headers",
       .type = Type::map,
       .doc = "Headers of the request; their values are treated as secrets.",
       .secret = true,
       .keyed = true,
       .fields = {{.secret = true}},
       .example = "{ Authorization: \"${secret.health_token}\" }"},
      {.name = "username", .doc = "User for HTTP basic authentication.", .example = "probe"},
      {.name = "password",
       .doc = "Password for HTTP basic authentication.",
       .secret = true,
       .example = "\"${secret.probe}\""},
      {.name = "max_redirects",
       .type = Type::integer,
       .doc = "How many redirects are followed.",
       .default_value = 10,
       .min = 0,
       .max = 100,
       .example = "0"},
      {.name = "ignore_tls",
       .type = Type::boolean,
       .doc = "Accept any certificate.",
       .default_value = false,
       .example = "true"},
      {.name = "expiry_warning",
       .type = Type::list,
       .doc = "Warn before the certificate expires: `true` (as the server is set), `false`, or how "
              "long before.",
       .set = true,
       .fields = {{.type = Type::duration, .choices = {"true", "false"}}},
       .example = "[21d, 7d]"},
  };
}

std::vector<FieldSchema> timing_fields() {
  return {
      {.name = "interval",
       .type = Type::duration,
       .doc = "How often it is looked at.",
       .default_value = "1m",
       .min = 1,
       .example = "60s"},
      {.name = "retries",
       .type = Type::integer,
       .doc = "How often it is tried again before it counts as down.",
       .default_value = 0,
       .min = 0,
       .max = 1000,
       .example = "2"},
      {.name = "retry_interval",
       .type = Type::duration,
       .doc = "The time between these tries.",
       .min = 1,
       .example = "30s"},
      {.name = "timeout",
       .type = Type::duration,
       .doc = "How long one answer may take.",
       .min = 1,
       .example = "10s"},
      {.name = "resend_after",
       .type = Type::integer,
       .doc = "Notify again after so many failed looks; 0: once only.",
       .default_value = 0,
       .min = 0,
       .max = 100000,
       .example = "60"},
  };
}

}  // namespace

KindSchema monitor_kind() {
  KindSchema kind{.name = "monitor", .section = "monitors"};
  kind.doc =
      "One thing that a monitoring server watches. A service derives the url from its domain, or "
      "the host and port from its container.";
  for (auto* group : {target_fields, timing_fields, answer_fields, request_fields}) {
    for (FieldSchema& field : group()) kind.fields.push_back(std::move(field));
  }
  const std::vector<FieldSchema> rest = {
      text_set("notifications", "Names of the server's notifications that are sent for it.",
               "[telegram]"),
      text_set("tags", "Tags that it carries; others are left alone.", "[homelab]"),
      {.name = "parent", .doc = "Name of the group it is part of.", .example = "Media"},
      {.name = "upside_down",
       .type = Type::boolean,
       .doc = "Up counts as down: for what must not answer.",
       .default_value = false,
       .example = "true"},
      {.name = "enabled",
       .type = Type::boolean,
       .doc = "Whether it is watched now; `false` pauses it.",
       .default_value = true,
       .example = "false"},
      {.name = "description", .doc = "Free text.", .example = "The git server"},
  };
  kind.fields.insert(kind.fields.end(), rest.begin(), rest.end());
  kind.claims = claims;
  return kind;
}

}  // namespace homeostat
