// What a reverse proxy does with one set of domains.
#include "specs/kinds/kinds.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

std::vector<Claim> claims(const Address& address, const Attributes& attributes, const Zones&) {
  std::vector<Claim> claimed;
  const auto domains = attributes.find("domains");
  if (domains == attributes.end() || !domains->is_array()) return claimed;
  for (const nlohmann::json& domain : *domains) {
    if (!domain.is_string()) continue;
    const auto& text = domain.get_ref<const std::string&>();
    if (has_template(text)) continue;
    claimed.push_back({"domain@" + address.provider + ':' + text, true});
  }
  return claimed;
}

std::vector<Complaint> settle(Attributes& attributes) {
  std::vector<Complaint> found;
  const auto domains = attributes.find("domains");
  if (domains != attributes.end() && domains->is_array() && domains->empty()) {
    found.push_back({"domains", "a proxy host without a domain answers nobody",
                     "name at least one: `domains: [git.example.org]`"});
  }
  const bool host = attributes.contains("forward_host");
  const bool port = attributes.contains("forward_port");
  if (attributes.contains("redirect")) {
    if (!host && !port) return found;
    found.push_back({host ? "forward_host" : "forward_port",
                     "a proxy host forwards or redirects, and this one says both",
                     "remove `redirect`, or `forward_host` and `forward_port`"});
  } else if (!host && !port) {
    found.push_back({"", "a proxy host needs a target: where its requests go",
                     "add `forward_host: 10.5.0.110` and `forward_port: 3000`, or a `redirect`"});
  } else if (!host || !port) {
    found.push_back(
        {host ? "forward_host" : "forward_port",
         host ? "`forward_host` needs a `forward_port`" : "`forward_port` needs a `forward_host`",
         host ? "add `forward_port: 3000`" : "add `forward_host: 10.5.0.110`"});
  }
  return found;
}

FieldSchema scheme_field() {
  return {.name = "forward_scheme",
          .type = Type::choice,
          .doc = "How the proxy speaks to the server behind it.",
          .default_value = "http",
          .choices = {"http", "https"},
          .example = "http"};
}

FieldSchema host_field() {
  return {.name = "forward_host",
          .doc = "Where requests go: an address or a name.",
          .check = canonical_host,
          .example = "10.5.0.110"};
}

FieldSchema port_field() {
  return {.name = "forward_port",
          .type = Type::integer,
          .doc = "The port of the server behind the proxy.",
          .min = 1,
          .max = 65535,
          .example = "3000"};
}

FieldSchema config_field() {
  return {.name = "advanced_config",
          .doc = "Text in the proxy's own language, passed on as it is.",
          .example = "client_max_body_size 1g;"};
}

FieldSchema headers_field(std::string doc) {
  return {.name = "headers",
          .type = Type::map,
          .doc = std::move(doc),
          .keyed = true,
          .fields = {FieldSchema{}},
          .example = "{ X-Frame-Options: SAMEORIGIN }"};
}

FieldSchema locations_field() {
  FieldSchema host = host_field();
  FieldSchema port = port_field();
  host.required = true;
  port.required = true;
  return {.name = "locations",
          .type = Type::list,
          .doc = "Paths that go elsewhere than the rest, in the order they are tried.",
          .fields = {{.type = Type::object,
                      .fields = {{.name = "path",
                                  .doc = "The beginning of the request's path.",
                                  .required = true,
                                  .example = "/api"},
                                 scheme_field(),
                                 host,
                                 port,
                                 {.name = "forward_path",
                                  .doc = "What the path is replaced by.",
                                  .example = "/v1"},
                                 headers_field("Headers added to requests of this path."),
                                 config_field()}}},
          .example = "[{ path: /api, forward_host: 10.5.0.111, forward_port: 8080 }]"};
}

FieldSchema redirect_field() {
  return {.name = "redirect",
          .type = Type::object,
          .doc = "Answer with a redirect instead of forwarding.",
          .fields = {{.name = "to",
                      .doc = "The domain, or a URL, that is redirected to.",
                      .required = true,
                      .example = "git.example.org"},
                     {.name = "scheme",
                      .type = Type::choice,
                      .doc = "The scheme of the target; `auto` keeps that of the request.",
                      .default_value = "auto",
                      .choices = {"auto", "http", "https"},
                      .example = "https"},
                     {.name = "code",
                      .type = Type::integer,
                      .doc = "The HTTP status of the answer.",
                      .default_value = 301,
                      .min = 300,
                      .max = 308,
                      .example = "308"},
                     flag("preserve_path", "Append the path of the request to the target.", true)},
          .example = "{ to: git.example.org, code: 308 }"};
}

}  // namespace

KindSchema proxy_host_kind() {
  KindSchema kind{.name = "proxy_host", .section = "proxy_hosts"};
  kind.doc =
      "What a reverse proxy does with a set of domains: forward to a server, or redirect. A "
      "service "
      "derives forward_host and forward_port from its container.";
  kind.fields = {
      {.name = "domains",
       .type = Type::list,
       .doc = "The domains it answers for. No other proxy host of the same proxy may have one.",
       .required = true,
       .set = true,
       .fields = {{.type = Type::name}},
       .example = "[git.example.org]"},
      scheme_field(),
      host_field(),
      port_field(),
      {.name = "certificate",
       .doc = "`letsencrypt` (the proxy gets one for the domains), `none`, or the name of one that "
              "the proxy has.",
       .default_value = "none",
       .choices = {"letsencrypt", "none"},
       .example = "letsencrypt"},
      flag("force_https", "Redirect http to https."),
      flag("http2", "Speak HTTP/2."),
      flag("hsts", "Tell browsers to use https only (HSTS)."),
      flag("hsts_subdomains", "HSTS for all names below the domains too."),
      flag("websockets", "Pass on websocket upgrades."),
      flag("block_exploits", "Refuse requests that look like common exploits."),
      flag("caching", "Cache static files."),
      {.name = "access_list",
       .doc = "Name of the proxy's access list that guards it; `none` for no list.",
       .default_value = "none",
       .choices = {"none"},
       .example = "family"},
      headers_field("Headers added to what goes to the server behind the proxy."),
      flag("verify_upstream", "Check the certificate of the server behind the proxy.", true),
      flag("trust_forwarded_proto", "Believe the X-Forwarded-Proto header of requests."),
      locations_field(),
      redirect_field(),
      config_field(),
      flag("enabled", "Whether the proxy serves it.", true),
      {.name = "description", .doc = "Free text, where the proxy has a place for it."},
  };
  kind.claims = claims;
  kind.settle = settle;
  return kind;
}

}  // namespace homeostat
