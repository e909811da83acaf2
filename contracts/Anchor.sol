// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Order and time for the heads of issuers
/// @author Bonafide maintainers
/// @notice An account writes down, in the order in which it says so, which state of an issuer's folder is its newest.
/// Nobody owns this contract, nobody can change it, and no account can touch what another account wrote.
/// @dev Two grades. `floor` ({anchor}, {anchorMany}): for each sender and subject an order number that only grows. `existed-by`
/// ({anchorBatch}): for each sender a count of Merkle roots, each over the heads of many issuers, which proves time and no order.
/// An entry says nothing about an issuer by itself: a reader asks the issuer's DID document which account speaks for it.
/// What a reader must be able to ask for at one block, so that leaving something out is no way to lie, is in storage: one
/// slot per record. Everything else is in events, and the events alone are enough to rebuild the storage.
contract Anchor {
    /// @notice One record; fills one storage slot.
    /// @param order Floor: the newest order number. Batches: how many roots the account has written.
    /// @param blockNumber The block that wrote it, which holds its event; 0 for a record that was never written.
    /// @param time The timestamp of that block, in seconds since 1970.
    struct Entry {
        uint96 order;
        uint80 blockNumber;
        uint80 time;
    }

    /// @notice One head for {anchorMany}.
    /// @param subject The 32 bytes of the SHA-256 digest inside the issuer's SCID.
    /// @param order The order number, see {anchor}.
    /// @param head The SHA-256 digest of the head's canonical bytes.
    struct Head {
        bytes32 subject;
        uint96 order;
        bytes32 head;
    }

    /// @notice An {Entry} as it is stored.
    /// @dev The order is in bits 0 to 95, blockNumber in 96 to 175, time in 176 to 255. Packed by hand because the compiler reads and
    /// writes the members of a struct one by one, which costs two per cent of an update.
    /// @param word The packed record.
    struct Slot {
        uint256 word;
    }

    /// @notice The records of grade `floor`, by sender and subject.
    /// @dev Storage slot 0.
    mapping(address account => mapping(bytes32 subject => Slot slot)) private _floors;

    /// @notice The records of grade `existed-by`, by sender.
    /// @dev Storage slot 1.
    mapping(address account => Slot slot) private _batches;

    /// @notice A head was anchored under grade `floor`.
    /// @param account Who wrote it.
    /// @param subject Which issuer it is said to be about.
    /// @param order The order number, larger than every earlier one of this account and subject.
    /// @param head The SHA-256 digest of the head.
    /// @param previous The block of this record's event before this one, 0 if this is the first: a reader walks back without a scan.
    event Anchored(
        address indexed account,
        bytes32 indexed subject,
        uint96 order,
        bytes32 head,
        uint256 previous
    );

    /// @notice A Merkle root over many heads was anchored under grade `existed-by`.
    /// @param account Who wrote it.
    /// @param number How many roots this account has written, this one included.
    /// @param root The root; the contract does not look inside.
    /// @param previous The block of this account's event before this one, 0 if this is the first.
    event Batched(address indexed account, uint96 indexed number, bytes32 root, uint256 previous);

    /// @notice The order number is not larger than the one that the sender anchored for this subject before.
    /// @param subject The subject that it concerns.
    /// @param order The order number that was given.
    /// @param anchored The order number that stands.
    error NotAbove(bytes32 subject, uint96 order, uint96 anchored);

    /// @notice Anchors one head under grade `floor`: no earlier state of the subject is the newest from here on.
    /// @dev Reverts with {NotAbove} unless the order number grows. The same call sent twice changes nothing the second time.
    /// @param subject The 32 bytes of the SHA-256 digest inside the issuer's SCID.
    /// @param order The version number of the log entry that began the head's epoch, times 2^64, plus the head's sequence.
    /// @param head The SHA-256 digest of the head's canonical bytes.
    function anchor(bytes32 subject, uint96 order, bytes32 head) external {
        _anchor(subject, order, head);
    }

    /// @notice Anchors several heads in one transaction: the same as as many calls of {anchor} in this order.
    /// @dev Reverts with {NotAbove}, and then anchors none, where one of them would.
    /// @param heads The heads, of different subjects or of one.
    function anchorMany(Head[] calldata heads) external {
        uint256 count = heads.length;
        for (uint256 i = 0; i < count; ++i) {
            Head calldata h = heads[i];
            _anchor(h.subject, h.order, h.head);
        }
    }

    /// @notice Anchors the root of a Merkle tree over the heads of many issuers under grade `existed-by`.
    /// @param root The root of the tree.
    /// @return number How many roots the sender has written, this one included.
    function anchorBatch(bytes32 root) external returns (uint96 number) {
        Slot storage slot = _batches[msg.sender];
        uint256 old = slot.word;
        number = uint96(old) + 1;
        slot.word = _now(number);
        emit Batched({account: msg.sender, number: number, root: root, previous: _block(old)});
    }

    /// @notice The newest record of an account about a subject under grade `floor`.
    /// @param account Who wrote it.
    /// @param subject The 32 bytes of the SHA-256 digest inside the issuer's SCID.
    /// @return entry The record, all zero if the account never anchored the subject.
    function floorOf(address account, bytes32 subject) external view returns (Entry memory entry) {
        return _entry(_floors[account][subject].word);
    }

    /// @notice How many roots an account has written under grade `existed-by`, and when the newest.
    /// @param account Who wrote them.
    /// @return entry The record, all zero if the account never anchored a root.
    function batchOf(address account) external view returns (Entry memory entry) {
        return _entry(_batches[account].word);
    }

    /// @notice Writes a floor of the sender; nothing else does.
    /// @param subject See {anchor}.
    /// @param order See {anchor}.
    /// @param head See {anchor}.
    function _anchor(bytes32 subject, uint96 order, bytes32 head) private {
        Slot storage slot = _floors[msg.sender][subject];
        uint256 old = slot.word;
        if (order <= uint96(old)) revert NotAbove(subject, order, uint96(old));
        slot.word = _now(order);
        emit Anchored({account: msg.sender, subject: subject, order: order, head: head, previous: _block(old)});
    }

    /// @notice Makes a record of this block.
    /// @dev Block number and time are far below 2^80 for as long as there is a chain.
    /// @param order The order number or count.
    /// @return word The record as it is stored.
    function _now(uint96 order) private view returns (uint256 word) {
        return (block.timestamp << 176) | (uint256(uint80(block.number)) << 96) | order;
    }

    /// @notice Reads the block out of a record.
    /// @param word A record as it is stored.
    /// @return number The block that wrote it.
    function _block(uint256 word) private pure returns (uint256 number) {
        return uint80(word >> 96);
    }

    /// @notice Unpacks a record.
    /// @param word A record as it is stored.
    /// @return entry The same for a reader.
    function _entry(uint256 word) private pure returns (Entry memory entry) {
        return Entry({order: uint96(word), blockNumber: uint80(word >> 96), time: uint80(word >> 176)});
    }
}
