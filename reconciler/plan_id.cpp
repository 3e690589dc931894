#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "reconciler/names.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {
namespace {

nlohmann::json written_by(const Change& change) {
  nlohmann::json fields = nlohmann::json::array();
  for (const FieldDiff& field : change.fields) {
    nlohmann::json after = nlohmann::json::array();
    for (const Address& address : field.after) after.push_back(to_string(address));
    fields.push_back({field.path, field.live, field.desired, std::move(after)});
  }
  nlohmann::json park;
  if (change.park) park = {change.park->path, change.park->value};
  return {name_of(change.action),
          to_string(change.address),
          change.from ? to_string(*change.from) : std::string(),
          change.native_id,
          change.on_remove == OnRemove::stop,
          std::move(fields),
          std::move(park)};
}

}  // namespace

std::string plan_id(const Plan& plan) {
  nlohmann::json all = nlohmann::json::array({plan.site});
  for (const Change& change : plan.changes) {
    if (!change.hold && !change.quiet && plan.stops.empty()) all.push_back(written_by(change));
  }
  const std::string text = all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string id;
  for (std::size_t i = 0; i < 6; ++i) id += fmt::format("{:02x}", digest.at(i));
  return id;
}

}  // namespace homeostat
