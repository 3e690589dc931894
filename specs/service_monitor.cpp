// The monitor of a service: what is asked, and where.
#include <array>

#include "specs/kinds/kinds.hpp"
#include "specs/services.hpp"

namespace homeostat {
namespace {

// Read here: the port of the service, as its container knows it, may be another one outside.
constexpr std::array<std::string_view, 2> asked_keys = {"path", "port"};

// What the monitor's own mapping says; absent where `monitor: true`.
struct Asked {
  const yaml::Node* node = nullptr;  // may be null
  Origin at;                         // of `monitor`
  std::string type;                  // as stated, else ""
  std::string path = "/";
  Origin path_at;
  std::optional<std::int64_t> port;
  Origin port_at;
};

bool states(const Asked& asked, std::string_view key) {
  return asked.node != nullptr && asked.node->find(key) != nullptr;
}

void set_text(Fields& fields, const std::string& field, std::string text,
              std::vector<Origin> lines) {
  fields.values[field] = std::move(text);
  fields.origins.push_back({field, std::move(lines)});
}

void add_part(std::vector<TemplatePart>& parts, const TemplatePart& part) {
  if (!parts.empty() && part.kind == TemplatePart::Kind::literal &&
      parts.back().kind == TemplatePart::Kind::literal) {
    parts.back().text += part.text;
  } else {
    parts.push_back(part);
  }
}

// `before` + address + ":" + port + `behind`, around an address that may be a reference.
Target around(const Draft& draft, const std::string& before, const Target& address,
              std::int64_t port, const std::string& behind) {
  const bool v6 = record_type_of(draft, address.parts) == "AAAA";
  Target target;
  target.at = address.at;
  TemplatePart literal;
  literal.text = before + (v6 ? "[" : "");
  if (!literal.text.empty()) target.parts.push_back(literal);
  for (const TemplatePart& part : address.parts) add_part(target.parts, part);
  literal.text = (v6 ? "]:" : ":") + std::to_string(port) + behind;
  add_part(target.parts, literal);
  return target;
}

// The first of its domains that is a host: a wildcard is none. Null, and an error, without one.
const Placed* asked_domain(Draft& draft, const Service& service, const Asked& asked) {
  const Web& web = service.webs.front();
  if (web.domains.empty()) return nullptr;  // said where it was read
  for (const Placed& domain : web.domains) {
    if (!domain.text.starts_with('*')) return &domain;
  }
  const std::string& text = web.domains.front().text;
  report(draft, asked.at,
         "the monitor of service `" + service.key + "` has no host to ask: `" + text +
             "` stands for many",
         "state one: `target: https://www" + text.substr(1) + "/`");
  return nullptr;
}

// Whether the first proxy host of the service speaks https.
bool has_certificate(Draft& draft, const Web& web) {
  for (const Resource* proxy : find_resources(draft, "proxy_host", web.key)) {
    const auto certificate = proxy->attributes.find("certificate");
    if (certificate != proxy->attributes.end() && *certificate == "none") return false;
  }
  return true;
}

void derive_url(Draft& draft, const Service& service, const Asked& asked, Fields& derived) {
  if (!service.webs.empty()) {
    const Placed* domain = asked_domain(draft, service, asked);
    if (domain == nullptr) return;
    std::vector<Origin> lines = {domain->at};
    if (asked.path_at.line != 0) lines.push_back(asked.path_at);
    const std::string scheme =
        has_certificate(draft, service.webs.front()) ? "https://" : "http://";
    return set_text(derived, "target", scheme + domain->text + asked.path, std::move(lines));
  }
  constexpr std::int64_t http_port = 80;
  std::vector<Origin> lines = {asked.port ? asked.port_at : asked.at};
  const auto reached =
      reachable_port(draft, service, asked.port.value_or(http_port), lines.front(), lines);
  const auto address = reached ? one_address(draft, service, asked.at) : std::nullopt;
  if (!address) return;
  Target url = around(draft, "http://", *address, *reached, asked.path);
  add_lines(lines, url.lines);
  if (asked.path_at.line != 0) add_lines(lines, {asked.path_at});
  url.lines = std::move(lines);
  set_target(derived, "target", url);
}

void derive_host(Draft& draft, const Service& service, const Asked& asked, Fields& derived) {
  if (const auto address = one_address(draft, service, asked.at)) {
    set_target(derived, "target", *address);
  }
}

void derive_host_port(Draft& draft, const Service& service, const Asked& asked, Fields& derived) {
  std::optional<std::int64_t> port = asked.port;
  std::vector<Origin> lines = {asked.port_at};
  if (!port && !service.webs.empty()) {
    port = service.webs.front().port;
    lines = {service.webs.front().port_at};
  }
  if (!port) {
    return report(draft, asked.at, "the tcp monitor of service `" + service.key + "` has no `port`",
                  "add the port that the service listens on: `port: 22`");
  }
  const auto reached = reachable_port(draft, service, *port, lines.front(), lines);
  const auto address = reached ? one_address(draft, service, asked.at) : std::nullopt;
  if (!address) return;
  Target target = around(draft, "", *address, *reached, "");
  add_lines(lines, address->lines);
  target.lines = std::move(lines);
  set_target(derived, "target", target);
}

// The name that others find the service by.
void derive_question(const Service& service, Fields& derived) {
  const auto ask = [&derived](const Placed& name) {
    set_text(derived, "target", name.text, {name.at});
  };
  for (const Web& web : service.webs) {
    for (const Placed& domain : web.domains) {
      if (!domain.text.starts_with('*')) return ask(domain);
    }
  }
  if (!service.names.empty()) ask(service.names.front());
}

std::string usual_type(const Service& service, const Asked& asked) {
  const yaml::Node* target = asked.node == nullptr ? nullptr : asked.node->find("target");
  if (states(asked, "keyword")) return "keyword";
  if (states(asked, "json_path")) return "json";
  if (target != nullptr) {
    if (target->text.find("://") != std::string::npos) return "http";
    return monitor_target("tcp", target->text) ? "tcp" : "ping";
  }
  if (!service.webs.empty() || states(asked, "path")) return "http";
  return asked.port ? "tcp" : "ping";
}

void derive_target(Draft& draft, const Service& service, const Asked& asked, Fields& derived) {
  std::string type = asked.type;
  if (type.empty()) {
    type = usual_type(service, asked);
    set_text(derived, "type", type, {asked.at});
  }
  const bool asks_url = type == "http" || type == "keyword" || type == "json";
  const bool stated = states(asked, "target");
  if (asked.path_at.line != 0 && (!asks_url || stated)) {
    report(draft, asked.path_at,
           "`path` is the end of a URL that is derived; this monitor has none",
           "remove `path`, or the `type` or `target` beside it");
  }
  if (asked.port && (stated || (!asks_url && type != "tcp"))) {
    report(draft, asked.port_at,
           "`port` is a part of a target that is derived; this monitor has none",
           "remove `port`, or the `type` or `target` beside it");
  }
  if (stated) return;
  if (asks_url) {
    derive_url(draft, service, asked, derived);
  } else if (type == "tcp") {
    derive_host_port(draft, service, asked, derived);
  } else if (type == "ping") {
    derive_host(draft, service, asked, derived);
  } else if (type == "dns") {
    derive_question(service, derived);
  } else if (type == "docker") {
    set_text(derived, "target", service.key, {service.where});
  }
}

void read_port(Draft& draft, const yaml::Node& node, Asked& asked) {
  static const FieldSchema field{.name = "port", .type = Type::integer, .min = 1, .max = 65535};
  const nlohmann::json value = read_scalar(draft, field, node);
  if (!value.is_number_integer()) return;
  asked.port = value.get<std::int64_t>();
  asked.port_at = node.at;
}

void read_path(Draft& draft, const yaml::Node& node, Asked& asked) {
  static const FieldSchema field{.name = "path", .type = Type::text};
  const nlohmann::json value = read_scalar(draft, field, node);
  if (!value.is_string()) return;
  asked.path = value.get<std::string>();
  asked.path_at = node.at;
  if (!asked.path.starts_with('/')) {
    report(draft, node.at, "`path: " + asked.path + "` does not begin with a slash",
           "write `path: /" + asked.path + "`");
  }
}

}  // namespace

void derive_monitor(Draft& draft, const Service& service) {
  const yaml::Node* node = service.node->find("monitor");
  if (node == nullptr || node->kind == yaml::NodeKind::null) return;
  Asked asked;
  asked.at = node->at;
  if (node->kind == yaml::NodeKind::mapping) {
    asked.node = node;
    if (const yaml::Node* type = node->find("type")) asked.type = type->text;
    if (const yaml::Node* path = node->find("path")) read_path(draft, *path, asked);
    if (const yaml::Node* port = node->find("port")) read_port(draft, *port, asked);
  } else {
    static const FieldSchema flag{.name = "monitor", .type = Type::boolean};
    if (node->kind != yaml::NodeKind::scalar) {
      return report(draft, node->at, "`monitor` is a mapping, or `true`",
                    "write `monitor: { path: / }`, or `monitor: true`");
    }
    if (read_scalar(draft, flag, *node) != nlohmann::json(true)) return;
  }
  Statement statement = derived_statement(service, "monitor", service.key);
  statement.options = options_for(draft, service, asked.node, "monitor");
  const std::size_t errors = draft.errors.size();
  if (asked.node != nullptr) {
    statement.layers.push_back({asked.node, asked_keys, places_for("monitor")});
    static_cast<void>(read_fields(draft, *statement.kind, statement.layers.back()));
  }
  // What is written wrong is corrected first: what follows from it may follow from a typo.
  if (draft.errors.size() == errors) derive_target(draft, service, asked, statement.derived);
  if (draft.errors.size() == errors) {
    put(draft, std::move(statement));
  } else {
    draft.broken.insert("monitor/" + service.key);
  }
}

}  // namespace homeostat
