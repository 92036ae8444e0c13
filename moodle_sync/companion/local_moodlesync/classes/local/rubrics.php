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
 * Rubrics.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The rubric of an assignment, whose criteria and levels keep their ids by key.
 *
 * Grades given with a rubric point at level ids: a level that is written anew is a grade that is lost. A change that would
 * ask for grading again is refused as soon as anybody was graded.
 */
final class rubrics implements kind {
    /** From this change level on Moodle asks for grading again (gradingform_rubric_controller::update_or_check_rubric). */
    private const REGRADE = 3;

    /** @var activity_index finds activities. */
    private readonly activity_index $index;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
        $this->index = new activity_index($scope);
    }

    #[\Override]
    public function name(): string {
        return 'rubric';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'fields', 'desired');
        $fields = $payload->object('fields')->read([
            'name' => fn(payload $p, string $f) => $p->text($f, 255),
            'description' => fn(payload $p, string $f) => $p->html($f),
            'criteria' => self::parse_criteria(...),
        ]);
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $cm = $this->index->get($item->key, "$item->path.key");
        if ($cm->modname !== 'assign') {
            throw new failure('norubric', "$item->path.key", (object)['key' => $item->key, 'modname' => $cm->modname]);
        }
        $context = \context_module::instance($cm->id);
        require_capability('moodle/grade:managegradingforms', $context);
        $draft = new rubric_draft($this->scope, $context, $item);
        $level = $draft->change_level();
        $created = !$draft->exists();
        $inuse = $created ? 0 : ((new rubric_state($this->scope))->learners([$draft->id()])[$draft->id()] ?? 0);
        if ($level >= self::REGRADE && $inuse) {
            throw new failure('rubricused', "$item->path.fields", (object)['key' => $item->key, 'learners' => $inuse]);
        }
        $changed = $draft->save($level);
        $entry = (new rubric_state($this->scope))->read([$item->key => $cm])[0];
        $action = $created ? outcome::CREATED : ($changed ? outcome::UPDATED : outcome::UNCHANGED);
        return new outcome($action, $entry['id'], $entry['state'], ['changed_level' => $created ? null : $level]);
    }

    /**
     * Validates the list of criteria.
     *
     * @param payload $payload the fields
     * @param string $name the list
     * @return array
     */
    private static function parse_criteria(payload $payload, string $name): array {
        $criteria = self::parse_list($payload, $name, 1, fn(payload $p) => $p->read([
            'key' => self::parse_key(...),
            'description' => fn(payload $q, string $f) => $q->html($f),
            'levels' => fn(payload $q, string $f) => self::parse_list($q, $f, 2, fn(payload $r) => $r->read([
                'key' => self::parse_key(...),
                'score' => fn(payload $s, string $f) => $s->decimal($f, true),
                'definition' => fn(payload $s, string $f) => $s->html($f),
            ]), ['key', 'score', 'definition']),
        ]), ['key', 'description', 'levels']);
        return $criteria;
    }

    /**
     * Validates a list of things with keys.
     *
     * @param payload $payload what holds it
     * @param string $name the list
     * @param int $least how many there must be (as in Moodle's own form)
     * @param callable $reader of one thing
     * @param string[] $members what each must have
     * @return array
     */
    private static function parse_list(payload $payload, string $name, int $least, callable $reader, array $members): array {
        $list = [];
        foreach ($payload->objects($name) as $object) {
            array_map($object->raw(...), $members);
            $thing = $reader($object);
            if (isset($list[$thing['key']])) {
                throw failure::payload($object->at('key'), 'is there twice');
            }
            $list[$thing['key']] = $thing;
        }
        if (count($list) < $least) {
            throw failure::payload($payload->at($name), "needs at least $least");
        }
        return array_values($list);
    }

    /**
     * A key of ours, or "?<id>" for what has none.
     *
     * @param payload $payload what holds it
     * @param string $name field
     * @return string
     */
    private static function parse_key(payload $payload, string $name): string {
        $value = $payload->html($name);
        return preg_match('~^\?[1-9]\d{0,17}\z~', $value) ? $value : $payload->key($name);
    }
}
