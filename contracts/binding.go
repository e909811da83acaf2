// Code generated via abigen V2 - DO NOT EDIT.
// This file is a generated binding and any manual changes will be lost.

package contracts

import (
	"bytes"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Reference imports to suppress errors if they are not otherwise used.
var (
	_ = bytes.Equal
	_ = errors.New
	_ = big.NewInt
	_ = common.Big1
	_ = types.BloomLookup
	_ = abi.ConvertType
)

// AnchorEntry is an auto generated low-level Go binding around an user-defined struct.
type AnchorEntry struct {
	Order       *big.Int
	BlockNumber *big.Int
	Time        *big.Int
}

// AnchorHead is an auto generated low-level Go binding around an user-defined struct.
type AnchorHead struct {
	Subject [32]byte
	Order   *big.Int
	Head    [32]byte
}

// AnchorMetaData contains all meta data concerning the Anchor contract.
var AnchorMetaData = bind.MetaData{
	ABI: "[{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"subject\",\"type\":\"bytes32\"},{\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"internalType\":\"uint96\",\"name\":\"anchored\",\"type\":\"uint96\"}],\"name\":\"NotAbove\",\"type\":\"error\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"account\",\"type\":\"address\"},{\"indexed\":true,\"internalType\":\"bytes32\",\"name\":\"subject\",\"type\":\"bytes32\"},{\"indexed\":false,\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"indexed\":false,\"internalType\":\"bytes32\",\"name\":\"head\",\"type\":\"bytes32\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"previous\",\"type\":\"uint256\"}],\"name\":\"Anchored\",\"type\":\"event\"},{\"anonymous\":false,\"inputs\":[{\"indexed\":true,\"internalType\":\"address\",\"name\":\"account\",\"type\":\"address\"},{\"indexed\":true,\"internalType\":\"uint96\",\"name\":\"number\",\"type\":\"uint96\"},{\"indexed\":false,\"internalType\":\"bytes32\",\"name\":\"root\",\"type\":\"bytes32\"},{\"indexed\":false,\"internalType\":\"uint256\",\"name\":\"previous\",\"type\":\"uint256\"}],\"name\":\"Batched\",\"type\":\"event\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"subject\",\"type\":\"bytes32\"},{\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"internalType\":\"bytes32\",\"name\":\"head\",\"type\":\"bytes32\"}],\"name\":\"anchor\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"bytes32\",\"name\":\"root\",\"type\":\"bytes32\"}],\"name\":\"anchorBatch\",\"outputs\":[{\"internalType\":\"uint96\",\"name\":\"number\",\"type\":\"uint96\"}],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"components\":[{\"internalType\":\"bytes32\",\"name\":\"subject\",\"type\":\"bytes32\"},{\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"internalType\":\"bytes32\",\"name\":\"head\",\"type\":\"bytes32\"}],\"internalType\":\"structAnchor.Head[]\",\"name\":\"heads\",\"type\":\"tuple[]\"}],\"name\":\"anchorMany\",\"outputs\":[],\"stateMutability\":\"nonpayable\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"account\",\"type\":\"address\"}],\"name\":\"batchOf\",\"outputs\":[{\"components\":[{\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"internalType\":\"uint80\",\"name\":\"blockNumber\",\"type\":\"uint80\"},{\"internalType\":\"uint80\",\"name\":\"time\",\"type\":\"uint80\"}],\"internalType\":\"structAnchor.Entry\",\"name\":\"entry\",\"type\":\"tuple\"}],\"stateMutability\":\"view\",\"type\":\"function\"},{\"inputs\":[{\"internalType\":\"address\",\"name\":\"account\",\"type\":\"address\"},{\"internalType\":\"bytes32\",\"name\":\"subject\",\"type\":\"bytes32\"}],\"name\":\"floorOf\",\"outputs\":[{\"components\":[{\"internalType\":\"uint96\",\"name\":\"order\",\"type\":\"uint96\"},{\"internalType\":\"uint80\",\"name\":\"blockNumber\",\"type\":\"uint80\"},{\"internalType\":\"uint80\",\"name\":\"time\",\"type\":\"uint80\"}],\"internalType\":\"structAnchor.Entry\",\"name\":\"entry\",\"type\":\"tuple\"}],\"stateMutability\":\"view\",\"type\":\"function\"}]",
	ID:  "Anchor",
	Bin: "0x6080806040523460155761058c908161001b8239f35b600080fdfe6080604052600436101561001257600080fd5b60003560e01c806312a4e9331461036357806375b4f5f61461024a57806398f385d61461018b578063a84a2aaa1461011c5763d8f9bc881461005357600080fd5b346101175760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101175773ffffffffffffffffffffffffffffffffffffffff61009f6103ba565b6100a761042c565b5016600052600060205260406000206024356000526020526101136100d0604060002054610549565b60405191829182919091604069ffffffffffffffffffff8160608401956bffffffffffffffffffffffff8151168552826020820151166020860152015116910152565b0390f35b600080fd5b346101175760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101175773ffffffffffffffffffffffffffffffffffffffff6101686103ba565b61017061042c565b501660005260016020526101136100d0604060002054610549565b346101175760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101175760043567ffffffffffffffff8111610117573660238201121561011757806004013567ffffffffffffffff81116101175736602460608302840101116101175760005b8181101561024857606081028301604481013560006bffffffffffffffffffffffff8216820361024557508161023f9160246064600196950135920135610449565b016101fd565b80fd5b005b346101175760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360112610117573360005260016020526040600020805460016bffffffffffffffffffffffff821601916bffffffffffffffffffffffff8311610334576020926bffffffffffffffffffffffff914260b01b4360601b75ffffffffffffffffffff000000000000000000000000161783831617905516809169ffffffffffffffffffff60405191600435835260601c16848201527f43710832b5f0c04e57d59be7d79578d7fd9dfba5ea596363992309c54de031fd60403392a3604051908152f35b7f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b346101175760607ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360112610117576024356bffffffffffffffffffffffff81168103610117576102489060443590600435610449565b6004359073ffffffffffffffffffffffffffffffffffffffff8216820361011757565b604051906060820182811067ffffffffffffffff8211176103fd57604052565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052604160045260246000fd5b6104346103dd565b90600082526000602083015260006040830152565b913360005260006020526040600020836000526020526040600020908154916bffffffffffffffffffffffff8316936bffffffffffffffffffffffff811694808611156105145750906104d669ffffffffffffffffffff9493926bffffffffffffffffffffffff1675ffffffffffffffffffff0000000000000000000000004360601b164260b01b171790565b9055604051938452602084015260601c1660408201527fad02a4e8d692b0dace97e2d35dced1ab69dd2bf8dfdc0f3091c26f32ab010cda60603392a3565b85877fd218fe480000000000000000000000000000000000000000000000000000000060005260045260245260445260646000fd5b61055161042c565b5061055a6103dd565b906bffffffffffffffffffffffff8116825269ffffffffffffffffffff8160601c16602083015260b01c60408201529056",
}

// Anchor is an auto generated Go binding around an Ethereum contract.
type Anchor struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Anchor) GetABI() abi.ABI {
	return c.abi
}

// NewAnchor creates a new instance of Anchor.
func NewAnchor() *Anchor {
	parsed, err := AnchorMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Anchor{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Anchor) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackAnchor is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x12a4e933.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function anchor(bytes32 subject, uint96 order, bytes32 head) returns()
func (anchor *Anchor) PackAnchor(subject [32]byte, order *big.Int, head [32]byte) []byte {
	enc, err := anchor.abi.Pack("anchor", subject, order, head)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAnchor is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x12a4e933.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function anchor(bytes32 subject, uint96 order, bytes32 head) returns()
func (anchor *Anchor) TryPackAnchor(subject [32]byte, order *big.Int, head [32]byte) ([]byte, error) {
	return anchor.abi.Pack("anchor", subject, order, head)
}

// PackAnchorBatch is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x75b4f5f6.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function anchorBatch(bytes32 root) returns(uint96 number)
func (anchor *Anchor) PackAnchorBatch(root [32]byte) []byte {
	enc, err := anchor.abi.Pack("anchorBatch", root)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAnchorBatch is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x75b4f5f6.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function anchorBatch(bytes32 root) returns(uint96 number)
func (anchor *Anchor) TryPackAnchorBatch(root [32]byte) ([]byte, error) {
	return anchor.abi.Pack("anchorBatch", root)
}

// UnpackAnchorBatch is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x75b4f5f6.
//
// Solidity: function anchorBatch(bytes32 root) returns(uint96 number)
func (anchor *Anchor) UnpackAnchorBatch(data []byte) (*big.Int, error) {
	out, err := anchor.abi.Unpack("anchorBatch", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackAnchorMany is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x98f385d6.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function anchorMany((bytes32,uint96,bytes32)[] heads) returns()
func (anchor *Anchor) PackAnchorMany(heads []AnchorHead) []byte {
	enc, err := anchor.abi.Pack("anchorMany", heads)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackAnchorMany is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x98f385d6.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function anchorMany((bytes32,uint96,bytes32)[] heads) returns()
func (anchor *Anchor) TryPackAnchorMany(heads []AnchorHead) ([]byte, error) {
	return anchor.abi.Pack("anchorMany", heads)
}

// PackBatchOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa84a2aaa.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function batchOf(address account) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) PackBatchOf(account common.Address) []byte {
	enc, err := anchor.abi.Pack("batchOf", account)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackBatchOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xa84a2aaa.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function batchOf(address account) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) TryPackBatchOf(account common.Address) ([]byte, error) {
	return anchor.abi.Pack("batchOf", account)
}

// UnpackBatchOf is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xa84a2aaa.
//
// Solidity: function batchOf(address account) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) UnpackBatchOf(data []byte) (AnchorEntry, error) {
	out, err := anchor.abi.Unpack("batchOf", data)
	if err != nil {
		return *new(AnchorEntry), err
	}
	out0 := *abi.ConvertType(out[0], new(AnchorEntry)).(*AnchorEntry)
	return out0, nil
}

// PackFloorOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd8f9bc88.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function floorOf(address account, bytes32 subject) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) PackFloorOf(account common.Address, subject [32]byte) []byte {
	enc, err := anchor.abi.Pack("floorOf", account, subject)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFloorOf is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xd8f9bc88.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function floorOf(address account, bytes32 subject) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) TryPackFloorOf(account common.Address, subject [32]byte) ([]byte, error) {
	return anchor.abi.Pack("floorOf", account, subject)
}

// UnpackFloorOf is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xd8f9bc88.
//
// Solidity: function floorOf(address account, bytes32 subject) view returns((uint96,uint80,uint80) entry)
func (anchor *Anchor) UnpackFloorOf(data []byte) (AnchorEntry, error) {
	out, err := anchor.abi.Unpack("floorOf", data)
	if err != nil {
		return *new(AnchorEntry), err
	}
	out0 := *abi.ConvertType(out[0], new(AnchorEntry)).(*AnchorEntry)
	return out0, nil
}

// AnchorAnchored represents a Anchored event raised by the Anchor contract.
type AnchorAnchored struct {
	Account  common.Address
	Subject  [32]byte
	Order    *big.Int
	Head     [32]byte
	Previous *big.Int
	Raw      *types.Log // Blockchain specific contextual infos
}

const AnchorAnchoredEventName = "Anchored"

// ContractEventName returns the user-defined event name.
func (AnchorAnchored) ContractEventName() string {
	return AnchorAnchoredEventName
}

// UnpackAnchoredEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Anchored(address indexed account, bytes32 indexed subject, uint96 order, bytes32 head, uint256 previous)
func (anchor *Anchor) UnpackAnchoredEvent(log *types.Log) (*AnchorAnchored, error) {
	event := "Anchored"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != anchor.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(AnchorAnchored)
	if len(log.Data) > 0 {
		if err := anchor.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range anchor.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// AnchorBatched represents a Batched event raised by the Anchor contract.
type AnchorBatched struct {
	Account  common.Address
	Number   *big.Int
	Root     [32]byte
	Previous *big.Int
	Raw      *types.Log // Blockchain specific contextual infos
}

const AnchorBatchedEventName = "Batched"

// ContractEventName returns the user-defined event name.
func (AnchorBatched) ContractEventName() string {
	return AnchorBatchedEventName
}

// UnpackBatchedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Batched(address indexed account, uint96 indexed number, bytes32 root, uint256 previous)
func (anchor *Anchor) UnpackBatchedEvent(log *types.Log) (*AnchorBatched, error) {
	event := "Batched"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != anchor.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(AnchorBatched)
	if len(log.Data) > 0 {
		if err := anchor.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range anchor.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (anchor *Anchor) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], anchor.abi.Errors["NotAbove"].ID.Bytes()[:4]) {
		return anchor.UnpackNotAboveError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// AnchorNotAbove represents a NotAbove error raised by the Anchor contract.
type AnchorNotAbove struct {
	Subject  [32]byte
	Order    *big.Int
	Anchored *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAbove(bytes32 subject, uint96 order, uint96 anchored)
func AnchorNotAboveErrorID() common.Hash {
	return common.HexToHash("0xd218fe4877d757d5b8bd846270ad2bb152eeb7231b2f0c06f514484522cdff8f")
}

// UnpackNotAboveError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAbove(bytes32 subject, uint96 order, uint96 anchored)
func (anchor *Anchor) UnpackNotAboveError(raw []byte) (*AnchorNotAbove, error) {
	out := new(AnchorNotAbove)
	if err := anchor.abi.UnpackIntoInterface(out, "NotAbove", raw); err != nil {
		return nil, err
	}
	return out, nil
}
