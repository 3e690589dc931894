#include "reconciler/plan.hpp"
