<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Writes items one by one, each in a transaction of its own.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The frame around every write.
 */
final class batch {
    /**
     * Constructor.
     *
     * @param kind $kind what is written
     * @param baseline $baseline where to keep what was read back
     * @param callable|null $afterfailure called when an item was rolled back
     */
    public function __construct(
        /** @var kind what is written. */
        private readonly kind $kind,
        /** @var baseline where to keep what was read back. */
        private readonly baseline $baseline,
        /** @var callable|null called when an item was rolled back. */
        private $afterfailure = null,
    ) {
    }

    /**
     * Validates all items, and refuses the whole request when one is not as agreed.
     *
     * @param string $json the items
     * @return item[]
     */
    public function parse(string $json): array {
        $items = array_map($this->kind->parse(...), payload::items($json));
        $seen = [];
        foreach ($items as $item) {
            $identity = ($item->more['kind'] ?? '') . ' ' . $item->key;
            if (isset($seen[$identity])) {
                throw failure::payload("$item->path.key", "is also the key of $seen[$identity]");
            }
            $seen[$identity] = $item->path;
        }
        return $items;
    }

    /**
     * Applies items in the order sent.
     *
     * @param item[] $items validated items
     * @return array the answer
     */
    public function run(array $items): array {
        \core_php_time_limit::raise(600);
        return ['items' => array_map($this->one(...), $items)];
    }

    /**
     * Applies one item; whatever it throws undoes this item alone.
     *
     * @param item $item validated item
     * @return array its answer
     */
    private function one(item $item): array {
        global $DB;
        $transaction = $DB->start_delegated_transaction();
        try {
            $outcome = $this->kind->apply($item);
            if ($outcome->ours) {
                $this->baseline->keep($this->kind->name(), $item->key, $item->desired, $outcome->state, $item->path);
            }
            $transaction->allow_commit();
        } catch (\Throwable $problem) {
            // Core may have left transactions open within ours: roll all of them back, or the rest of the request is lost.
            if ($DB->is_transaction_started()) {
                $DB->force_transaction_rollback();
            }
            if ($this->afterfailure) {
                ($this->afterfailure)();
            }
            return self::failed($item, $problem);
        }
        return [
            'key' => $item->key,
            'action' => $outcome->action,
            'id' => $outcome->id,
            'state' => (object)$outcome->state,
            'error' => null,
        ] + $outcome->more;
    }

    /**
     * The answer to an item that failed.
     *
     * @param item $item the item
     * @param \Throwable $problem what it threw
     * @return array
     */
    private static function failed(item $item, \Throwable $problem): array {
        if (!$problem instanceof \moodle_exception) {
            debugging('local_moodlesync: ' . get_class($problem) . ': ' . $problem->getMessage() . ' at '
                . $problem->getFile() . ':' . $problem->getLine(), DEBUG_NORMAL);
        }
        $message = $problem->getMessage();
        if (debugging() && !empty($problem->debuginfo)) {
            $message .= ' (' . $problem->debuginfo . ')';
        }
        return [
            'key' => $item->key,
            'action' => 'failed',
            'id' => null,
            'state' => (object)[],
            'error' => [
                'errorcode' => $problem instanceof \moodle_exception ? $problem->errorcode : 'unexpected',
                'message' => $message,
                'path' => $problem instanceof failure && $problem->path !== '' ? $problem->path : $item->path,
            ],
        ];
    }
}
