#include "reconciler/observe.hpp"
