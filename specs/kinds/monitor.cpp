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
    if (code && *code >= 100 && *code <= 599) codes.push_back(*code);
  }
  if (codes.size() != parts.size() || codes.size() > 2 || codes.front() > codes.back()) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " is not an HTTP status or a range of them",
                "write 200 or 200-299; statuses go from 100 to 599");
  }
  std::string canonical = std::to_string(codes.front());
  if (codes.size() == 2) canonical += '-' + std::to_string(codes.back());
  return canonical;
}

// `text` is "host:port" or "[v6]:port"; without a port, `port` is empty.
struct HostPort {
  std::string host;  // canonical, a v6 address in brackets
  std::string port;
};

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort parsed;
  std::string_view host = text;
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const bool plain_v6 = !bracketed && colon != std::string_view::npos && text.find(':') != colon;
  if (colon != std::string_view::npos && !plain_v6 && !text.ends_with(']')) {
    parsed.port = text.substr(colon + 1);
    host = text.substr(0, colon);
    const auto port = parse_digits(parsed.port);
    if (!port || *port < 1 || *port > 65535 || parsed.port.front() == '0') {
      return fail(ErrorKind::invalid_spec, in_ticks(text) + " has no port between 1 and 65535",
                  "write HOST:PORT, such as 10.5.0.110:22");
    }
  }
  if (bracketed && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  TRY_ASSIGN(parsed.host, canonical_host(host));
  if (parsed.host.find(':') != std::string::npos) parsed.host = '[' + parsed.host + ']';
  return parsed;
}

Result<std::string> canonical_server(std::string_view text) {
  TRY_ASSIGN(const HostPort server, parse_host_port(text));
  if (!server.port.empty()) return server.host + ':' + server.port;
  return server.host.starts_with('[') ? server.host.substr(1, server.host.size() - 2) : server.host;
}

// https://x and https://x/ ask for the same page; so that either may be continued with a path,
// slashes where it begins count as one.
Result<std::string> canonical_page(std::string_view text) {
  TRY_ASSIGN(std::string url, canonical_url(text));
  const std::size_t host = url.find("://") + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (!web) return url;
  const std::size_t path = std::min(url.find_first_not_of('/', end), url.size());
  url.replace(end, path - end, "/");
  return url;
}

// What can be said before the type is known. Names are left as they are: that of a container has a
// case, that of a host has none.
Result<std::string> canonical_target(std::string_view text) {
  text = trim(text);
  if (text.find("://") != std::string_view::npos) return canonical_page(text);
  if (text.find(':') == std::string_view::npos && !parse_ip(text)) return std::string(text);
  const Result<std::string> server = canonical_server(text);
  return server ? *server : std::string(text);
}

bool asks_url(std::string_view type) {
  return type == "http" || type == "keyword" || type == "json";
}

const char* target_example(std::string_view type) {
  if (asks_url(type)) return "https://git.example.org/";
  if (type == "tcp") return "10.5.0.110:22";
  if (type == "docker") return "jellyfin";
  return type == "dns" ? "git.example.org" : "10.5.0.110";
}

void settle_target(std::string_view type, Attributes& attributes, std::vector<Complaint>& found) {
  const std::string said = "a " + std::string(type) + " monitor ";
  if (type == "push" || type == "group") {
    if (!attributes.contains("target")) return;
    found.push_back({"target", said + "has no `target`", "remove it, or write another `type`"});
  } else if (!attributes.contains("target")) {
    found.push_back({"", said + "needs a `target`: what it watches",
                     "add " + in_ticks(std::string("target: ") + target_example(type))});
  } else if (const std::string text = known_text(attributes, "target"); !text.empty()) {
    Result<std::string> target = monitor_target(type, text);
    if (target) {
      attributes["target"] = std::move(*target);
    } else {
      found.push_back({"target", "`target`: " + target.error().message, target.error().hint});
    }
  }
}

std::vector<Complaint> settle(Attributes& attributes) {
  std::vector<Complaint> found;
  std::string type = known_text(attributes, "type");
  if (type.empty() && attributes.contains("type")) return found;  // not known yet
  if (type.empty()) type = "http";
  settle_target(type, attributes, found);
  struct Needed {
    const char* type;
    const char* field;
    const char* hint;
  };
  static constexpr Needed needed[] = {
      {"keyword", "keyword", "add `keyword: ok`: the text that must be in the answer"},
      {"json", "json_path", "add `json_path: $.status`: where in the answer the value stands"},
      {"json", "expected", "add `expected: ok`: the value that must stand there"}};
  for (const Needed& each : needed) {
    const bool there = attributes.contains(each.field);
    if (type == each.type && !there) {
      found.push_back({"", "a " + type + " monitor needs " + in_ticks(each.field), each.hint});
    } else if (there && type == "http") {
      found.push_back({each.field, in_ticks(each.field) + " means nothing to an http monitor",
                       std::string("add `type: ") + each.type + "`, or remove it"});
    }
  }
  return found;
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
      {.name = "target",
       .doc = "What is watched. http, keyword, json: a URL; tcp: host:port; ping: an address or a "
              "name; dns: the name that is asked for; docker: the name of a container; push and "
              "group have none.",
       .check = canonical_target,
       .example = "https://git.example.org/api/healthz"},
      {.name = "dns_server",
       .doc = "dns: the server that is asked, with its port behind a colon where it is not 53.",
       .check = canonical_server,
       .example = "10.5.0.53"},
      {.name = "dns_type",
       .type = Type::choice,
       .doc = "dns: the record type that is asked for.",
       .default_value = "A",
       .choices = {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"},
       .example = "AAAA"},
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
      flag("invert_keyword", "keyword: the text must not be in the answer."),
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
      flag("ignore_tls", "Accept any certificate."),
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

Result<std::string> monitor_target(std::string_view type, std::string_view text) {
  const bool url = text.find("://") != std::string_view::npos;
  if (asks_url(type)) {
    if (text.starts_with("http://") || text.starts_with("https://")) return canonical_page(text);
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no http or https URL",
                "write " + in_ticks("target: https://" + std::string(url ? "HOST/" : text)));
  }
  if (type == "docker") {
    if (text.find_first_of("/: ") == std::string_view::npos) return std::string(text);
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no name of a container",
                "write it as `docker ps` shows it, such as jellyfin");
  }
  const std::string example = in_ticks(std::string("target: ") + target_example(type));
  if (url) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " is a URL, and a " + std::string(type) + " monitor asks a host",
                "write " + example + ", or `type: http`");
  }
  TRY_ASSIGN(const HostPort server, parse_host_port(text));
  if (type == "tcp") {
    if (!server.port.empty()) return server.host + ':' + server.port;
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " has no port",
                "write " + in_ticks("target: " + server.host + ":22"));
  }
  if (!server.port.empty()) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " has a port, and a " + std::string(type) + " monitor asks none",
                "write " + example +
                    (type == "ping" ? ", or `type: tcp`" : "; `dns_server` may have a port"));
  }
  return canonical_server(text);
}

KindSchema monitor_kind() {
  KindSchema kind{.name = "monitor", .section = "monitors"};
  kind.doc =
      "One thing that a monitoring server watches. A service derives the target from its domain, "
      "or "
      "from the address of its container.";
  for (auto* group : {target_fields, timing_fields, answer_fields, request_fields}) {
    for (FieldSchema& field : group()) kind.fields.push_back(std::move(field));
  }
  const std::vector<FieldSchema> rest = {
      text_set("notifications", "Names of the server's notifications that are sent for it.",
               "[telegram]"),
      text_set("tags", "Tags that it carries; others are left alone.", "[homelab]"),
      {.name = "parent", .doc = "Name of the group it is part of.", .example = "Media"},
      flag("upside_down", "Up counts as down: for what must not answer."),
      flag("enabled", "Whether it is watched now; `false` pauses it.", true),
      {.name = "description", .doc = "Free text.", .example = "The git server"},
  };
  kind.fields.insert(kind.fields.end(), rest.begin(), rest.end());
  kind.claims = claims;
  kind.settle = settle;
  return kind;
}

}  // namespace homeostat
