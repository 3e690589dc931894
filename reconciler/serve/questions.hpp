// What a client asks for, out of the query of its request.
#pragma once

#include "reconciler/serve/api.hpp"

namespace homeostat {

// Else what is answered: an unknown parameter, a value that is none, a site that is not here.
template <class T>
using Understood = tl::expected<T, ServeReply>;

// One site may be left out where there is only one.
[[nodiscard]] Understood<PlanQuery> plan_query(const ServeRequest& request,
                                               const ServiceStatus& status);
[[nodiscard]] Understood<RowsQuery> rows_query(const ServeRequest& request,
                                               const ServiceStatus& status);
[[nodiscard]] Understood<IncidentsQuery> incidents_query(const ServeRequest& request,
                                                         const ServiceStatus& status);
[[nodiscard]] Understood<RunsQuery> runs_query(const ServeRequest& request,
                                               const ServiceStatus& status);
[[nodiscard]] Understood<bool> no_query(const ServeRequest& request);

}  // namespace homeostat
