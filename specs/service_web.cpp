// What a service is reached at, and its proxy hosts.
#include <algorithm>
#include <array>

#include "specs/kinds/kinds.hpp"
#include "specs/services.hpp"

namespace homeostat {
namespace {

std::vector<Origin> lines_of(const Resource& resource, std::string_view path) {
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path == path) return origin.lines;
  }
  return {resource.where};
}

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

// The host port behind which `port` of the container is published; for itself alone where
// `loopback`.
std::optional<std::int64_t> published_port(const Resource& container, std::int64_t port,
                                           bool loopback) {
  for (const PortMapping& mapping : published_ports(container.attributes)) {
    if (mapping.protocol != "tcp" || is_loopback(mapping.ip) != loopback) continue;
    const std::int64_t offset = port - mapping.container_first;
    if (offset < 0 || offset > mapping.host_last - mapping.host_first) continue;
    return mapping.host_first + offset;
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 6> web_keys = {"domain", "domains", "port",
                                                      "scheme", "key",     "dns"};

void derive_domains(const Web& web, Fields& derived) {
  FieldOrigin origin{"domains", {}};
  std::vector<std::string> names;
  for (const Placed& domain : web.domains) {
    names.push_back(domain.text);
    add_lines(origin.lines, {domain.at});
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  derived.values["domains"] = names;
  derived.origins.push_back(std::move(origin));
}

// Scheme, host and port behind the proxy. False, and an error, where they are not clear.
bool derive_forward(Draft& draft, const Service& service, const Web& web, Fields& derived) {
  const yaml::Node* scheme = web.node->find("scheme");
  derived.values["forward_scheme"] = web.scheme;
  derived.origins.push_back({"forward_scheme", {scheme == nullptr ? web.node->at : scheme->at}});
  if (web.node->find("forward_host") == nullptr) {
    const std::optional<Target> target = one_address(draft, service, web.node->at);
    if (!target) return false;
    set_target(derived, "forward_host", *target);
  }
  if (web.node->find("forward_port") != nullptr) return true;
  if (!web.port) {
    // Wrong, and said so.
    if (web.node->find("port") != nullptr || has_near(*web.node, "port")) return false;
    report(draft, web.node->at, "`web` of service `" + service.key + "` has no `port`",
           "add the port that the service listens on: `port: 3000`");
    return false;
  }
  std::vector<Origin> lines = {web.port_at};
  const auto port = reachable_port(draft, service, *web.port, web.port_at, lines);
  if (!port) return false;
  derived.values["forward_port"] = *port;
  derived.origins.push_back({"forward_port", std::move(lines)});
  return true;
}

void check_address(Draft& draft, const Service& service, const IpAddress& ip, const Origin& at) {
  const Network* network = network_of(draft.spec, ip);
  if (network == nullptr) return;
  const auto problem = address_problem(draft, *network, ip);
  if (!problem) return;
  const bool router = network->gateway == ip;
  report(draft, at, to_string(ip) + " of service `" + service.key + "` " + problem->message,
         router ? "for the router itself write `address: \"${network." + network->key +
                      ".gateway}\"`; else state another address"
                : problem->hint);
}

}  // namespace

// As stated, else the container's own, else its host's.
void find_addresses(Draft& draft, Service& service) {
  if (const yaml::Node* node = service.node->find("address")) {
    if (has_template(node->text)) {
      Result<std::vector<TemplatePart>> parts = parse_template(node->text);
      if (!parts) return report(draft, node->at, parts.error().message, parts.error().hint);
      service.addresses.push_back({std::move(*parts), node->at, {node->at}});
      return;
    }
    const Result<IpAddress> ip = parse_ip(node->text);
    const Result<std::string> name = canonical_name(node->text);
    if (!ip && (!name || is_like_address(*name) || node->kind != yaml::NodeKind::scalar)) {
      return report(draft, node->at, "`address` is an address, a host name or a reference",
                    "write `address: 10.5.0.7`");
    }
    if (ip) check_address(draft, service, *ip, node->at);
    service.addresses.push_back(literal_target(ip ? to_string(*ip) : *name, {node->at}));
    return;
  }
  for (const Resource* container : service.containers) {
    const bool v4 = container->attributes.contains("ip");
    if (v4) {
      service.addresses.push_back(
          reference_target(container->address, "ip", lines_of(*container, "ip")));
    }
    if (container->attributes.contains("ip6")) {
      (v4 ? service.further : service.addresses)
          .push_back(reference_target(container->address, "ip6", lines_of(*container, "ip6")));
    } else if (v4) {
      continue;
    } else if (auto target = provider_target(draft, container->address.provider)) {
      service.own_address = false;
      target->lines.push_back(container->where);
      service.addresses.push_back(std::move(*target));
    }
  }
}

std::optional<Target> one_address(Draft& draft, const Service& service, const Origin& at) {
  if (service.addresses.size() == 1) return service.addresses.front();
  if (service.addresses.empty()) {
    report_no_address(draft, service, at);
  } else {
    report(draft, at, "service `" + service.key + "` has more than one container to point at",
           "say `address:` in the service");
  }
  return std::nullopt;
}

std::optional<std::int64_t> reachable_port(Draft& draft, const Service& service, std::int64_t port,
                                           const Origin& at, std::vector<Origin>& lines) {
  if (service.own_address || service.containers.empty()) return port;
  const Resource& container = *service.containers.front();
  if (container.attributes.contains("network_mode") &&
      container.attributes["network_mode"] == "host") {
    return port;
  }
  const std::vector<TemplatePart>& host = service.addresses.front().parts;
  const bool same_host = host.size() == 1 && is_loopback(host.front().text);
  auto published = published_port(container, port, false);
  const auto local = published_port(container, port, true);
  if (!published && same_host) published = local;
  if (published) {
    add_lines(lines, lines_of(container, "ports"));
    return published;
  }
  if (local) {
    report(draft, at,
           "port " + std::to_string(port) + " of container `" + service.key +
               "` is published on its host's own address only (" +
               place(draft, line_of(container, "ports")) + "), and is asked for from outside",
           "publish it on all: `ports: [\"" + std::to_string(*local) + ":" + std::to_string(port) +
               "\"]`");
    return std::nullopt;
  }
  report(draft, at,
         "port " + std::to_string(port) + " of container `" + service.key +
             "` is not published on its host",
         "add `ports: [\"" + std::to_string(port) + ":" + std::to_string(port) +
             "\"]` to the container");
  return std::nullopt;
}

Layer web_layer(const yaml::Node& node) { return {&node, web_keys, places_for("web")}; }

void derive_proxy_host(Draft& draft, const Service& service, const Web& web) {
  if (web.domains.empty()) return;  // said where it was read
  Statement statement = derived_statement(service, "proxy_host", web.key);
  statement.layers.push_back(web_layer(*web.node));
  statement.options = options_for(draft, service, web.node, "proxy_host");
  derive_domains(web, statement.derived);
  const bool redirects = web.node->find("redirect") != nullptr;
  if (redirects || derive_forward(draft, service, web, statement.derived)) {
    put(draft, std::move(statement));
  }
}

}  // namespace homeostat
