#include "reconciler/graph.hpp"
