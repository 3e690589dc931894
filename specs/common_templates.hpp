// Templates that most files use, compiled once instead of in each of them: a quarter of a build's
// time. Part of the precompiled headers alone; nobody includes it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

extern template class nlohmann::basic_json<>;
extern template class nlohmann::detail::serializer<nlohmann::json>;
extern template class std::map<std::string, nlohmann::json, std::less<>>;
extern template class std::map<std::string, std::string>;
extern template class std::set<std::string>;
extern template class std::vector<nlohmann::json>;
extern template class std::vector<std::string>;
