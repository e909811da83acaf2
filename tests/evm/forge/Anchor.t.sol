// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchor} from "src/Anchor.sol";

/// @notice The few of forge's cheats that are used here.
interface Vm {
    function prank(address sender) external;
    function roll(uint256 number) external;
    function warp(uint256 time) external;
    function assume(bool condition) external;
}

/// @notice What both tests share.
abstract contract Fixture {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Anchor internal target;

    function same(Anchor.Entry memory a, Anchor.Entry memory b) internal pure returns (bool) {
        return a.order == b.order && a.blockNumber == b.blockNumber && a.time == b.time;
    }
}

/// @notice Properties of single calls, with every argument free.
contract AnchorFuzz is Fixture {
    function setUp() public {
        target = new Anchor();
    }

    /// An order number is taken exactly if it is larger, and then it is what stands.
    function testFuzz_orderOnlyGrows(address a, bytes32 subject, uint96 first, uint96 second, bytes32 head) public {
        VM.assume(first > 0);
        VM.prank(a);
        target.anchor(subject, first, head);
        VM.roll(block.number + 1);
        VM.warp(block.timestamp + 12);
        VM.prank(a);
        (bool taken,) = address(target).call(abi.encodeCall(Anchor.anchor, (subject, second, head)));
        Anchor.Entry memory e = target.floorOf(a, subject);
        assert(taken == (second > first));
        assert(e.order == (taken ? second : first));
        assert(e.blockNumber == (taken ? block.number : block.number - 1));
        assert(e.time == (taken ? block.timestamp : block.timestamp - 12));
    }

    /// Whatever bytes B sends, under any selector, A's records stay.
    function testFuzz_strangerChangesNothing(
        address a, address b, bytes32 subject, uint96 order, bytes32 other, uint96 more, uint8 kind, bytes calldata raw
    ) public {
        VM.assume(a != b && order > 0);
        VM.prank(a);
        target.anchor(subject, order, bytes32(0));
        VM.prank(a);
        target.anchorBatch(other);
        Anchor.Entry memory floor = target.floorOf(a, subject);
        Anchor.Entry memory count = target.batchOf(a);
        Anchor.Entry memory elsewhere = target.floorOf(a, other);
        VM.roll(block.number + 1);

        bytes memory data = raw;
        Anchor.Head[] memory heads = new Anchor.Head[](2);
        heads[0] = Anchor.Head(subject, more, other);
        heads[1] = Anchor.Head(other, more, subject);
        if (kind % 5 == 0) data = abi.encodeCall(Anchor.anchor, (subject, more, other));
        else if (kind % 5 == 1) data = abi.encodeCall(Anchor.anchorMany, (heads));
        else if (kind % 5 == 2) data = abi.encodeCall(Anchor.anchorBatch, (subject));
        else if (kind % 5 == 3) data = bytes.concat(Anchor.anchorMany.selector, raw);
        VM.prank(b);
        (bool ignored,) = address(target).call(data);
        ignored;

        assert(same(target.floorOf(a, subject), floor));
        assert(same(target.batchOf(a), count));
        if (other != subject) assert(same(target.floorOf(a, other), elsewhere));
    }

    /// One call with several heads is as many calls, or none.
    function testFuzz_manyEqualsSingles(uint8[6] calldata subjects, uint8[6] calldata orders) public {
        Anchor single = new Anchor();
        Anchor.Head[] memory heads = new Anchor.Head[](6);
        bool fits = true;
        for (uint256 i = 0; i < 6; ++i) {
            heads[i] = Anchor.Head(bytes32(uint256(subjects[i] % 3)), orders[i], bytes32(i));
            (bool taken,) = address(single).call(abi.encodeCall(Anchor.anchor, (heads[i].subject, heads[i].order, heads[i].head)));
            fits = fits && taken;
        }
        (bool done,) = address(target).call(abi.encodeCall(Anchor.anchorMany, (heads)));
        assert(done == fits);
        for (uint256 i = 0; i < 3; ++i) {
            Anchor.Entry memory e = target.floorOf(address(this), bytes32(i));
            Anchor.Entry memory s = single.floorOf(address(this), bytes32(i));
            assert(same(e, done ? s : Anchor.Entry(0, 0, 0)));
        }
    }
}

/// @notice Calls at random by three accounts about three subjects, beside a plain account of what should stand.
contract Handler is Fixture {
    mapping(address => mapping(bytes32 => Anchor.Entry)) private floors;
    mapping(address => Anchor.Entry) private batches;
    uint256 public taken;
    uint256 public refused;

    constructor(Anchor a) {
        target = a;
    }

    function actor(uint256 i) public pure returns (address) {
        return address(uint160(0x1000 + i % 3));
    }

    function subject(uint256 i) public pure returns (bytes32) {
        return bytes32(i % 3);
    }

    function anchor(uint256 a, uint256 s, uint96 order, bool small) external {
        order = small ? order % 8 : order;
        Anchor.Entry storage e = floors[actor(a)][subject(s)];
        VM.prank(actor(a));
        (bool ok,) = address(target).call(abi.encodeCall(Anchor.anchor, (subject(s), order, bytes32(s))));
        assert(ok == (order > e.order));
        if (ok) floors[actor(a)][subject(s)] = Anchor.Entry(order, uint80(block.number), uint80(block.timestamp));
        count(ok);
    }

    function anchorMany(uint256 a, uint256 s, uint96 first, uint96 second) external {
        first %= 16;
        second %= 16;
        Anchor.Head[] memory heads = new Anchor.Head[](2);
        heads[0] = Anchor.Head(subject(s), first, 0);
        heads[1] = Anchor.Head(subject(s), second, 0);
        VM.prank(actor(a));
        (bool ok,) = address(target).call(abi.encodeCall(Anchor.anchorMany, (heads)));
        assert(ok == (first > floors[actor(a)][subject(s)].order && second > first));
        if (ok) floors[actor(a)][subject(s)] = Anchor.Entry(second, uint80(block.number), uint80(block.timestamp));
        count(ok);
    }

    function anchorBatch(uint256 a, bytes32 root) external {
        VM.prank(actor(a));
        uint96 number = target.anchorBatch(root);
        assert(number == batches[actor(a)].order + 1);
        batches[actor(a)] = Anchor.Entry(number, uint80(block.number), uint80(block.timestamp));
        count(true);
    }

    function pass(uint8 blocks) external {
        VM.roll(block.number + blocks);
        VM.warp(block.timestamp + uint256(blocks) * 12);
    }

    function count(bool ok) private {
        if (ok) ++taken;
        else ++refused;
    }

    function check() external view {
        for (uint256 a = 0; a < 3; ++a) {
            assert(same(target.batchOf(actor(a)), batches[actor(a)]));
            for (uint256 s = 0; s < 3; ++s) {
                assert(same(target.floorOf(actor(a), subject(s)), floors[actor(a)][subject(s)]));
            }
        }
    }
}

/// @notice After every sequence of calls the records are what the plain account says.
contract AnchorInvariant is Fixture {
    Handler private handler;

    function setUp() public {
        target = new Anchor();
        handler = new Handler(target);
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function invariant_recordsAreWhatWasCalled() external view {
        handler.check();
    }

    /// A run in which nothing was taken or nothing refused has shown nothing.
    function afterInvariant() external view {
        assert(handler.taken() > 0 && handler.refused() > 0);
    }
}
