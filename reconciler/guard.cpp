#include "reconciler/guard.hpp"
