//! Order: a sequence in which every node comes after all that it needs, or the cycles that
//! make this impossible.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::reverse;

/// What became of the attempt to put nodes in order.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Each node after its needs; among those that could come next, the lowest comes first.
    Sorted(Vec<usize>),
    /// For each knot of nodes that need each other, one shortest cycle through its lowest node:
    /// each needs the next one, and the last needs the first.
    Cycles(Vec<Vec<usize>>),
}

/// Orders the nodes `0..needs.len()`.
pub(crate) fn order(needs: &[Vec<usize>]) -> Order {
    let dependents = reverse(needs);
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let ready = |(node, missing): (usize, &usize)| (*missing == 0).then_some(Reverse(node));
    let mut heap: BinaryHeap<_> = missing.iter().enumerate().filter_map(ready).collect();
    let mut sorted = Vec::with_capacity(needs.len());
    while let Some(Reverse(node)) = heap.pop() {
        sorted.push(node);
        for dependent in &dependents[node] {
            missing[*dependent] -= 1;
            if missing[*dependent] == 0 {
                heap.push(Reverse(*dependent));
            }
        }
    }
    if sorted.len() == needs.len() {
        return Order::Sorted(sorted);
    }
    Order::Cycles(cycles(needs, &missing))
}

/// One cycle for each knot among the nodes that still miss something.
fn cycles(needs: &[Vec<usize>], missing: &[usize]) -> Vec<Vec<usize>> {
    let mut settled: Vec<bool> = missing.iter().map(|missing| *missing == 0).collect();
    let mut cycles = Vec::new();
    for start in 0..needs.len() {
        if settled[start] {
            continue;
        }
        let Some(cycle) = shortest_cycle(needs, start, &settled) else { continue };
        // The whole knot is one mistake: all that is reachable both ways is settled with it.
        let back = reverse(needs);
        let ahead = reachable(needs, start, &settled);
        let behind = reachable(&back, start, &settled);
        for node in 0..needs.len() {
            settled[node] |= ahead[node] && behind[node];
        }
        cycles.push(cycle);
    }
    cycles
}

/// A shortest way from `start` to itself that avoids the settled nodes.
fn shortest_cycle(needs: &[Vec<usize>], start: usize, settled: &[bool]) -> Option<Vec<usize>> {
    let mut from = vec![None; needs.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in &needs[node] {
            if next == start {
                let way = std::iter::successors(Some(node), |node| from[*node]);
                let mut cycle: Vec<usize> = way.collect();
                cycle.reverse();
                return Some(cycle);
            }
            if !settled[next] && from[next].is_none() {
                from[next] = Some(node);
                queue.push_back(next);
            }
        }
    }
    None
}

fn reachable(edges: &[Vec<usize>], start: usize, settled: &[bool]) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut seen[node], true) {
            stack.extend(edges[node].iter().filter(|next| !settled[**next]));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(needs: &[&[usize]], expected: &Order) {
        let needs: Vec<Vec<usize>> = needs.iter().map(|needs| needs.to_vec()).collect();
        assert_eq!(&order(&needs), expected);
    }

    #[test]
    fn a_node_comes_after_its_needs_and_else_stays_where_it_is() {
        check(&[&[2], &[], &[3], &[]], &Order::Sorted(vec![1, 3, 2, 0]));
        check(&[&[], &[], &[]], &Order::Sorted(vec![0, 1, 2]));
    }

    #[test]
    fn each_knot_gives_one_shortest_cycle() {
        check(&[&[1], &[2, 0], &[0]], &Order::Cycles(vec![vec![0, 1]]));
        check(
            &[&[1], &[0], &[3], &[4], &[2], &[0]],
            &Order::Cycles(vec![vec![0, 1], vec![2, 3, 4]]),
        );
        check(&[&[0]], &Order::Cycles(vec![vec![0]]));
    }

    #[test]
    fn a_node_that_only_leads_into_a_cycle_is_no_part_of_it() {
        check(&[&[1], &[2], &[1]], &Order::Cycles(vec![vec![1, 2]]));
    }
}
